"""Socket tasks and WebSocket chat: models behind a WebSocket API, without Lex."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from websocket_stack.tasks.registry import Tasks
    from websocket_stack.tasks.task import Task

__all__ = ["Task", "Tasks"]

_MODULES = {"Task": "task", "Tasks": "registry"}


def __getattr__(name: str) -> object:
    # Loaded when asked for: the routes need no model, and a protocol needs nothing.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
