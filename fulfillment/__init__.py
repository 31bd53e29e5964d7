"""Let an Amazon Lex V2 bot talk while it thinks: stream its reply over a WebSocket."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fulfillment.bot import Bot
    from fulfillment.handlers import Handler, Middleware, NextHandler
    from fulfillment.lex.messages import Button, Card
    from fulfillment.memory.base import Exchange, Memory
    from fulfillment.notices import Notices
    from fulfillment.router import Router
    from fulfillment.turn import Turn

__all__ = [
    "Bot",
    "Button",
    "Card",
    "Exchange",
    "Handler",
    "Memory",
    "Middleware",
    "NextHandler",
    "Notices",
    "Router",
    "Turn",
]

__version__ = "0.1.0"

_MODULES = {
    "Bot": "bot",
    "Button": "lex.messages",
    "Card": "lex.messages",
    "Exchange": "memory.base",
    "Handler": "handlers",
    "Memory": "memory.base",
    "Middleware": "handlers",
    "NextHandler": "handlers",
    "Notices": "notices",
    "Router": "router",
    "Turn": "turn",
}


def __getattr__(name: str) -> object:
    # Loaded when asked for, so that a part of the package (its delivery core, say) can be imported
    # without the rest.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
