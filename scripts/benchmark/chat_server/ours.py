"""The chat server of this package, with nothing that limits the crowd."""

from __future__ import annotations

import uvicorn

from fulfillment.settings import Settings
from scripts.benchmark.chat_server.steady import SteadySource
from websocket_stack.server.app import ChatServer
from websocket_stack.server.chat_completions import ChatCompletionsSource, client_of
from websocket_stack.server.conversations import Conversations, LocalMemory
from websocket_stack.server.limits import Asks, Limits
from websocket_stack.server.runs import Runs
from websocket_stack.server.services import Services
from websocket_stack.server.serving import server
from websocket_stack.server.settings import ServerSettings
from websocket_stack.server.source import Source
from websocket_stack.server.telemetry import Telemetry

# More than the crowd does.
UNLIMITED = 1_000_000


def http_server(rate: float, provider: str) -> uvicorn.Server:
    """Return the server.

    Args:
        rate: chunks a second, which are made in the process.
        provider: the address of a provider that makes them instead, or nothing.
    """
    chat_server = ChatServer(_services(rate, provider))
    return server(chat_server.app(), chat_server.drain)


def _services(rate: float, provider: str) -> Services:
    limits = Limits(asks_per_minute=UNLIMITED, runs=UNLIMITED, sockets=UNLIMITED)
    settings = ServerSettings(limits=limits, max_runs=UNLIMITED, max_sockets=UNLIMITED)
    source: Source = SteadySource(rate)
    if provider:
        client = client_of(provider, "unused", settings.max_runs)
        source = ChatCompletionsSource(client, "steady", Settings(system_prompt=""))
    conversations = Conversations(LocalMemory(3_600), turns=10, tokens=8_000)
    telemetry = Telemetry()
    runs = Runs(source, conversations, settings, telemetry)
    return Services(settings, runs, Asks(UNLIMITED), telemetry, None)
