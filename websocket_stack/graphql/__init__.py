"""Chats through AppSync: ask, stop, and a subscription that delivers the reply as it is written."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from websocket_stack.graphql.chat import Chat

__all__ = ["Chat"]

_MODULES = {"Chat": "chat"}


def __getattr__(name: str) -> object:
    # Loaded when asked for: a frame format needs no model.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
