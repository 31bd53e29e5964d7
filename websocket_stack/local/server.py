"""The HTTP server of the stack: where it listens, and API Gateway's limits on its WebSockets."""

from __future__ import annotations

import logging
import socket
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from websocket_stack.command_line import CommandFailed
from websocket_stack.local.api_gateway.service import MAX_FRAME_BYTES, MAX_MESSAGE_BYTES


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address.

    Args:
        host: the host's name or address.
        port: the port; 0 takes any free one.

    Raises:
        CommandFailed: the address cannot be listened on.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as exc:
        # create_server repeats the address, in a tuple.
        reason = (getattr(exc, "strerror", None) or str(exc)).partition(" (while")[0]
        raise CommandFailed(
            f"cannot listen on {host}:{port} ({reason}); choose another with --host or --port"
        ) from exc
    # asyncio switches Nagle's algorithm off only on sockets that say that they are TCP; with it
    # the first event of a stream would wait 40 ms for an acknowledgement.
    return socket.socket(
        listener.family, listener.type, socket.IPPROTO_TCP, fileno=listener.detach()
    )


def origin_of(host: str, listener: socket.socket) -> str:
    """Return the address at which a browser of this machine reaches a listener."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def server(app: ASGIApp) -> uvicorn.Server:
    """Return the server of an application, whose WebSockets have API Gateway's limits."""
    logging.getLogger("uvicorn.error").addFilter(_is_no_refusal)
    return _Server(
        uvicorn.Config(
            app,
            ws="websockets-sansio",
            # Of a message and of one frame. Beyond, the connection closes (1009).
            ws_max_size=(MAX_MESSAGE_BYTES, MAX_FRAME_BYTES),  # type: ignore[arg-type]
            ws_per_message_deflate=False,
            # API Gateway sends no ping of its own.
            ws_ping_interval=None,
            log_level="warning",
            timeout_graceful_shutdown=1,
        )
    )


class _Server(uvicorn.Server):
    """A server that is quiet once a signal stops it: what fails then, fails because of that."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop."""
        logging.disable()
        super().handle_exit(sig, frame)


def _is_no_refusal(record: logging.LogRecord) -> bool:
    """Leave out the error that uvicorn logs for an upgrade that was refused with a status."""
    return "without completing handshake" not in record.getMessage()
