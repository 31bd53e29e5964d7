"""``scripts/chat-server``: streams replies to WebSocket clients, until it is stopped."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

from fulfillment.errors import LexStreamingError
from fulfillment.memory.base import Memory
from websocket_stack.command_line import CommandFailed, print_error, print_line
from websocket_stack.local.server import listen, origin_of
from websocket_stack.server.app import ChatServer
from websocket_stack.server.conversations import Conversations, LocalMemory
from websocket_stack.server.limits import Asks
from websocket_stack.server.options import argument_parser
from websocket_stack.server.page import routes as page
from websocket_stack.server.redis_broker import RedisBroker
from websocket_stack.server.redis_memory import RedisMemory
from websocket_stack.server.runs import Runs
from websocket_stack.server.services import Services
from websocket_stack.server.serving import server
from websocket_stack.server.settings import ServerSettings
from websocket_stack.server.shared_runs import SharedRuns
from websocket_stack.server.sign_in import verifier_of
from websocket_stack.server.sources import source_of
from websocket_stack.server.telemetry import Telemetry


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped; return the exit status."""
    options = argument_parser().parse_args(arguments)
    os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "chat-server")
    try:
        serve(options, os.environ)
    except (CommandFailed, LexStreamingError) as exc:
        print_error("chat-server", exc)
        return 1
    return 0


def serve(options: argparse.Namespace, environ: Mapping[str, str]) -> None:
    """Serve until stopped.

    Args:
        options: as ``argument_parser`` returns them.
        environ: the environment.

    Raises:
        CommandFailed: the server cannot start.
        LexStreamingError: a setting is wrong.
    """
    chat_server, settings = build(options, environ)

    async def drain() -> None:
        await chat_server.drain()

    with listen(options.host, options.port) as listener:
        origin = origin_of(options.host, listener)
        print_line(f"The chat server is at {origin} (model: {options.model}; stop with Ctrl-C)")
        with suppress(KeyboardInterrupt):
            app = chat_server.app(page.routes())
            server(app, drain, proxies=settings.proxies).run(sockets=[listener])


def build(
    options: argparse.Namespace, environ: Mapping[str, str]
) -> tuple[ChatServer, ServerSettings]:
    """Build the server that options and environment describe."""
    settings = ServerSettings.from_environ(environ)
    source = source_of(options.model, options.bot, settings, environ)
    telemetry = Telemetry()
    reply = settings.reply
    memory: Memory = LocalMemory(reply.memory_seconds)
    if options.redis:
        memory = RedisMemory(options.redis, reply.memory_seconds)
    conversations = Conversations(memory, turns=reply.memory_turns, tokens=reply.memory_tokens)
    runs = Runs(source, conversations, settings, telemetry)
    if options.redis:
        broker = RedisBroker(options.redis, settings.keep_seconds)
        runs = SharedRuns(broker, source, conversations, settings, telemetry)
    asks = Asks(settings.limits.asks_per_minute)
    services = Services(settings, runs, asks, telemetry, verifier_of(environ))
    return ChatServer(services), settings


if __name__ == "__main__":
    sys.exit(main())
