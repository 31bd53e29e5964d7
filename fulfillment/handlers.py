"""What a handler may be and return, how its result becomes chunks, and what may wrap it."""

from __future__ import annotations

import functools
import inspect
import os.path
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from types import FrameType
from typing import Any, TypeAlias, TypeVar

from fulfillment.errors import HandlerError, RegistrationError, place
from fulfillment.must_read import MustRead
from fulfillment.streaming.stream import Chunks
from fulfillment.turn import Turn

Result: TypeAlias = str | Iterable[str] | None
Handler: TypeAlias = Callable[[Turn], Result]
"""A function that answers a turn: it returns text, or yields it in chunks."""

NextHandler: TypeAlias = Callable[[Turn], Chunks]
Middleware: TypeAlias = Callable[[Turn, NextHandler], Result]
"""A function around a handler: it is given the turn and what comes next."""

ErrorHandler: TypeAlias = Callable[[Turn, Any], Result]
"""A function that answers when a handler raised: it is given the turn and the exception."""

AnyHandler = TypeVar("AnyHandler", bound=Handler)
AnyMiddleware = TypeVar("AnyMiddleware", bound=Middleware)
AnyErrorHandler = TypeVar("AnyErrorHandler", bound=ErrorHandler)


def check_handler(function: object, parameters: str) -> None:
    """Check that a function can be a handler.

    Args:
        function: the function to register.
        parameters: what it is called with, such as ``turn, error``.

    Raises:
        RegistrationError: it cannot be called so, or it is async: a turn runs in a thread.
    """
    if not callable(function):
        raise RegistrationError(f"a handler is a function, not {type(function).__name__}")
    for candidate in (function, function.__call__):
        if inspect.iscoroutinefunction(candidate) or inspect.isasyncgenfunction(candidate):
            raise RegistrationError(f"{name_of(function)} is async: a handler is a plain function")
    try:
        signature = inspect.signature(function)
    except ValueError:
        # Some that are written in C have none that can be read.
        return
    try:
        signature.bind(*parameters.split(", "))
    except TypeError:
        empty = inspect.Parameter.empty
        plain = [each.replace(annotation=empty) for each in signature.parameters.values()]
        own = inspect.Signature(plain)
        problem = f"{name_of(function)}{own} cannot be called with ({parameters})"
        raise RegistrationError(problem) from None


def name_of(function: object) -> str:
    """Return the name by which errors refer to a function."""
    function = _function_of(function)
    return str(getattr(function, "__qualname__", type(function).__name__))


def _function_of(handler: object) -> object:
    function = handler.func if isinstance(handler, functools.partial) else handler
    return inspect.unwrap(function) if callable(function) else function


def chunks_of(result: object, handler: object = None) -> Chunks:
    """Yield what a handler returned, chunk by chunk.

    Args:
        result: what it returned.
        handler: the handler, which errors name.

    Raises:
        HandlerError: it is neither text nor an iterable of text.
    """
    if result is None:
        return
    chunks = [result] if isinstance(result, str) else result
    if not isinstance(chunks, Iterable) or isinstance(chunks, Mapping):
        problem = f"a handler returns or yields text, not {type(chunks).__name__}"
        raise HandlerError(f"{_place_of(handler)}{problem}")
    try:
        for chunk in chunks:
            if not isinstance(chunk, str):
                raise HandlerError(f"{_place_of(handler, chunks)}{_not_text(chunk)}")
            yield chunk
    finally:
        # A generator that is left early must let go of what it holds, the model's stream first.
        close = getattr(chunks, "close", None)
        if close is not None:
            close()


def _not_text(chunk: object) -> str:
    """Return what is wrong with a chunk, and what to write where that is known."""
    if isinstance(chunk, MustRead):
        # This says it; its own warning would come once the error is forgotten.
        chunk.close()
        return f"it yields {chunk.call} and not its text. Write: yield from {chunk.call}"
    return f"a handler yields text, not {type(chunk).__name__}"


def _place_of(handler: object, chunks: object = None) -> str:
    """Return a handler's name with its file and line: where its chunks are, or it begins."""
    frame = getattr(chunks, "gi_frame", None)
    code = frame.f_code if frame else getattr(_function_of(handler), "__code__", None)
    if code is None:
        return f"{name_of(handler)}: " if handler else ""
    line = frame.f_lineno if frame else code.co_firstlineno
    return f"{code.co_qualname} ({os.path.basename(code.co_filename)}, line {line}): "


def place_in(thread: threading.Thread | None) -> str:
    """Return where a thread is in the handler that it runs, as it is logged; "" if in none.

    That is the innermost line in the handler's own folder. What it calls is a library's.
    """
    frames = []
    frame = sys._current_frames().get(thread.ident or 0) if thread else None
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    ours = (os.path.dirname(__file__), threading.__file__, "<frozen ")
    theirs = [each for each in frames if not each.f_code.co_filename.startswith(ours)]
    if not theirs:
        return ""
    folder = _folder_of(theirs[-1])
    innermost = next(each for each in theirs if _folder_of(each) == folder)
    return place(innermost.f_code, innermost.f_lineno)


def _folder_of(frame: FrameType) -> str:
    return os.path.dirname(frame.f_code.co_filename)


def wrapped(handler: NextHandler, middleware: Middleware) -> NextHandler:
    """Return a handler with a middleware around it."""

    def next_handler(turn: Turn) -> Chunks:
        return MustRead(handler(turn), "handler(turn)", sys._getframe(1))

    return lambda turn: chunks_of(middleware(turn, next_handler), middleware)


def rescued(
    handler: NextHandler, error_handlers: Mapping[type[Exception], ErrorHandler]
) -> NextHandler:
    """Return a handler whose exceptions are answered, each by its nearest class's handler.

    The intent fails, as it would without them, unless they decide otherwise.
    """

    def guarded(turn: Turn) -> Chunks:
        last = ""
        try:
            with closing(handler(turn)) as chunks:
                for chunk in chunks:
                    last = chunk or last
                    yield chunk
        except tuple(error_handlers) as exc:
            turn.error = exc
            turn.close(failed=True)
            nearest = next(kind for kind in type(exc).__mro__ if kind in error_handlers)
            separator = "\n\n" if last and not last.endswith("\n") else ""
            answer = error_handlers[nearest]
            for chunk in filter(None, chunks_of(answer(turn, exc), answer)):
                yield separator + chunk
                separator = ""

    return guarded
