"""A builder's bot as a Lambda function, reloaded whenever one of its source files changes."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread

from websocket_stack.command_line import CommandFailed
from websocket_stack.local.functions.function import Function, FunctionError, Handler
from websocket_stack.local.functions.tracebacks import traceback_of

# The packages that a bot runs on: loaded once, wherever the bot is.
OWN_PACKAGES = frozenset({"fulfillment", "websocket_stack"})

# One at a time: two functions may be of the same sources.
_loading = threading.Lock()


class BotNotLoaded(CommandFailed):
    """There is no bot where one was named, or it cannot be imported."""


class BotFunction:
    """A bot.

    Its sources are the modules in the folder of its own module, and the package that they are in;
    what is installed stays loaded.

    Args:
        bot: the bot, as ``module:attribute``: a Bot, or a Lambda handler.
        environment: its environment variables.
        name: the function's name.
        timeout_seconds: how long its calls may take.
        adapt: makes a handler of the bot.
        reloaded: is called whenever the bot was loaded again.

    Raises:
        BotNotLoaded: there is no such module or attribute, or the module cannot be imported.
    """

    def __init__(
        self,
        bot: str,
        environment: Mapping[str, str],
        name: str = "fulfillment",
        timeout_seconds: float = 30,
        adapt: Callable[[Any], Handler] | None = None,
        reloaded: Callable[[], None] = lambda: None,
    ) -> None:
        self._module, _, self._attribute = bot.partition(":")
        if not self._module or not self._attribute or self._module.endswith(".py"):
            raise BotNotLoaded(f"{bot!r}: a bot is named as module:attribute, such as my_bot:bot")
        self._make = partial(
            Function,
            name,
            f"{self._module}.{self._attribute}",
            environment,
            timeout_seconds,
            adapt,
        )
        self._reloaded = reloaded
        self._folder, self._package = _place_of(self._module)
        self._loaded_from, self._function = self._load()

    async def invoke(self, event: Mapping[str, Any]) -> bytes:
        """Call the bot with an event and return its JSON response.

        Raises:
            FunctionError: the handler raised, or its changed source cannot be loaded.
        """
        # On a thread: an import may take long, and other requests go on meanwhile.
        function = await anyio.to_thread.run_sync(self._current)
        return await function.invoke(event)

    def _current(self) -> Function:
        with _loading:
            if self._loaded_from != self._times():
                try:
                    self._loaded_from, self._function = self._load()
                except BotNotLoaded as exc:
                    sys.stderr.write(f"{exc}\n{traceback_of(exc.__cause__ or exc)}")
                    raise FunctionError("BotNotLoaded") from exc
                self._reloaded()
            return self._function

    def _load(self) -> tuple[Mapping[Path, int], Function]:
        """Return when the bot's sources were last changed, and the bot."""
        # Before the import, so that what is written meanwhile counts as a change.
        times = self._times()
        for name in list(self._sources()):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        try:
            with _without_bytecode():
                return times, self._make()
        # A builder's module may raise anything; the log says where.
        except (Exception, SystemExit) as exc:
            raise BotNotLoaded(
                f"{self._module}:{self._attribute} cannot be loaded: {type(exc).__name__}: {exc}"
                f"{self._place_of_error(exc)}{_remedy(exc)}"
            ) from exc

    def _place_of_error(self, exc: BaseException) -> str:
        """Return the last line of the bot's own that an error came through."""
        own = [
            (path.name, frame.lineno)
            for frame in traceback.extract_tb(exc.__traceback__)
            if (path := Path(frame.filename)).parent == self._folder
        ]
        return f" ({own[-1][0]}, line {own[-1][1]})" if own else ""

    def _times(self) -> Mapping[Path, int]:
        times = {}
        for path in self._folder.glob("*.py"):
            # An editor may be replacing it, or it is an editor's lock: a broken link.
            with suppress(OSError):
                times[path] = path.stat().st_mtime_ns
        return times

    def _sources(self) -> Iterator[str]:
        # A copy: other threads import too.
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            is_in_folder = isinstance(file, str) and Path(file).parent == self._folder
            # A package holds references to its modules, so it is reloaded, with all in it.
            is_in_package = self._package and f"{name}.".startswith(f"{self._package}.")
            top = name.partition(".")[0]
            if (is_in_folder or is_in_package) and top not in {*OWN_PACKAGES, "__main__"}:
                yield name


@contextmanager
def _without_bytecode() -> Iterator[None]:
    # Python compares bytecode with its source by size and second; a quick edit changes neither.
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def _remedy(exc: BaseException) -> str:
    """Return what to do about a package that is missing."""
    if not isinstance(exc, ModuleNotFoundError):
        return ""
    return (
        f"; install what the bot requires into {sys.prefix}, or give the bot an environment of its"
        " own (docs/own-repository.md)"
    )


def _place_of(module: str) -> tuple[Path, str]:
    """Return the folder of a module, and the package that it is in, or is; "" for none."""
    try:
        with _without_bytecode():
            spec = importlib.util.find_spec(module)
    # It imports the packages around the module, which are a builder's too.
    except (Exception, SystemExit) as exc:
        raise BotNotLoaded(f"{module} cannot be found: {type(exc).__name__}: {exc}") from exc
    if spec is None or spec.origin is None or not spec.has_location:
        raise BotNotLoaded(f"there is no module {module} here; start this where it can be imported")
    is_package = spec.submodule_search_locations is not None
    return Path(spec.origin).parent, module if is_package else module.rpartition(".")[0]
