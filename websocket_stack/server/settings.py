"""The environment of the chat server as one checked value. An empty variable is unset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fulfillment.errors import SettingsError
from fulfillment.settings import Reader, Settings
from websocket_stack.server.limits import Limits


class ServerSettings(NamedTuple):
    """How the server is set up.

    Attributes:
        reply: what replies are made of; the Lambda's settings, as far as they do not concern Lex.
        time_between_chunks: seconds from one frame of a reply to the next, at least.
        reply_seconds: how long a reply may take.
        detach_seconds: how long a run goes on without a reader.
        keep_seconds: how long a run that has ended can be read.
        limits: what one principal may do.
        max_runs: replies that are written at the same time, of all principals.
        max_sockets: sockets that are open at the same time, of all principals.
        origins: where pages may come from; ``*`` admits all, and empty only the server's own.
        escapes_html: whether clients of ``{"id", "text"}`` get HTML entities.
        heartbeat_seconds: from one heartbeat to the next, where the protocol has any.
        idle_seconds: how long a socket without a run may be idle before it is closed.
        send_seconds: how long a client may take for one frame.
        drain_seconds: how long runs may go on after SIGTERM.
        close_jitter_seconds: seconds over which closing the sockets is then spread.
        proxies: addresses whose ``X-Forwarded-For`` is trusted, separated by commas.
    """

    reply: Settings = Settings()
    time_between_chunks: float = 0.2
    reply_seconds: float = 300.0
    detach_seconds: float = 600.0
    keep_seconds: float = 600.0
    limits: Limits = Limits()
    max_runs: int = 1_000
    max_sockets: int = 10_000
    origins: frozenset[str] = frozenset()
    escapes_html: bool = False
    heartbeat_seconds: float = 20.0
    idle_seconds: float = 3_600.0
    send_seconds: float = 10.0
    drain_seconds: float = 25.0
    close_jitter_seconds: float = 3.0
    proxies: str = "127.0.0.1"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> ServerSettings:
        """Read the settings.

        Raises:
            SettingsError: a value cannot be used; names the variable and what it takes.
        """
        read = Reader(environ)
        return cls(
            reply=Settings.from_environ(environ),
            time_between_chunks=read.number("TIME_BETWEEN_CHUNKS", 0.2, least=0, most=10),
            reply_seconds=read.number("REPLY_SECONDS", 300, least=1, most=3_600),
            detach_seconds=read.number("DETACH_SECONDS", 600, least=0, most=86_400),
            keep_seconds=read.number("KEEP_SECONDS", 600, least=0, most=86_400),
            limits=Limits(
                asks_per_minute=read.whole("ASKS_PER_MINUTE", 60, least=1, most=1_000_000),
                runs=read.whole("RUNS_PER_USER", 10, least=1, most=100_000),
                sockets=read.whole("SOCKETS_PER_USER", 50, least=1, most=1_000_000),
            ),
            max_runs=read.whole("MAX_RUNS", 1_000, least=1, most=1_000_000),
            max_sockets=read.whole("MAX_SOCKETS", 10_000, least=1, most=1_000_000),
            origins=frozenset(map(_origin, read.names("ALLOWED_ORIGINS"))),
            escapes_html=read.flag("ESCAPE_HTML", default=False),
            heartbeat_seconds=read.number("HEARTBEAT_SECONDS", 20, least=1, most=600),
            idle_seconds=read.number("IDLE_SECONDS", 3_600, least=10, most=86_400),
            send_seconds=read.number("SEND_SECONDS", 10, least=1, most=60),
            drain_seconds=read.number("DRAIN_SECONDS", 25, least=0, most=3_600),
            close_jitter_seconds=read.number("CLOSE_JITTER_SECONDS", 3, least=0, most=300),
            proxies=",".join(read.names("TRUSTED_PROXIES")) or "127.0.0.1",
        )


def _origin(text: str) -> str:
    origin = text.rstrip("/").lower()
    if origin != "*" and not origin.startswith(("https://", "http://")):
        raise SettingsError(
            f"ALLOWED_ORIGINS: {text!r} is no origin, such as https://chat.example.com"
        )
    return origin
