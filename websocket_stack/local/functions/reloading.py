"""A builder's bot as a Lambda function, loaded anew whenever one of its source files changes."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import anyio.to_thread

from websocket_stack.local.functions.function import Function, FunctionError

# What a bot runs on; its modules know each other and are loaded once, wherever a bot lies.
OURS = frozenset({"fulfillment", "websocket_stack"})


class NoBot(Exception):
    """There is no bot where one was named; the message says what is missing."""


class BotFunction:
    """Takes the bot as ``module:attribute`` (a Bot, or a Lambda handler) and its environment.

    Its sources are the modules that lie in the folder of its own one, and the package that they
    are in; what is installed stays loaded.

    Raises:
        NoBot: there is no such module or attribute, or the module cannot be imported.
    """

    def __init__(self, bot: str, environment: Mapping[str, str]) -> None:
        self._module, _, self._attribute = bot.partition(":")
        if not self._module or not self._attribute or self._module.endswith(".py"):
            raise NoBot(f"{bot!r}: a bot is named as module:attribute, such as my_bot:bot")
        self._environment = environment
        self._folder, self._package = _place_of(self._module)
        self._loading = threading.Lock()
        self._loaded_from, self._function = self._load()

    async def invoke(self, event: Mapping[str, Any]) -> bytes:
        """Call the bot with an event and return its JSON response.

        Raises:
            FunctionError: the handler raised, or its changed source cannot be loaded.
        """
        # On a thread: what a bot does at import may take long, and others talk meanwhile.
        function = await anyio.to_thread.run_sync(self._current)
        return await function.invoke(event)

    def _current(self) -> Function:
        with self._loading:
            if self._loaded_from != self._times():
                try:
                    self._loaded_from, self._function = self._load()
                except NoBot as exc:
                    traceback.print_exception(exc)
                    raise FunctionError("NoBot") from exc
            return self._function

    def _load(self) -> tuple[Mapping[Path, int], Function]:
        """Return the bot, and when its sources were last changed."""
        # Before the import, so that what is written meanwhile counts as a change.
        times = self._times()
        for name in list(self._sources()):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        try:
            with _nothing_compiled_is_kept():
                handler = f"{self._module}.{self._attribute}"
                return times, Function("fulfillment", handler, self._environment)
        # A builder's module may raise anything; where, is in the log.
        except (Exception, SystemExit) as exc:
            raise NoBot(
                f"{self._module}:{self._attribute} cannot be loaded: {type(exc).__name__}: {exc}"
            ) from exc

    def _times(self) -> Mapping[Path, int]:
        times = {}
        for path in self._folder.glob("*.py"):
            # An editor may be replacing it, or it is the lock of one, which leads nowhere.
            with suppress(OSError):
                times[path] = path.stat().st_mtime_ns
        return times

    def _sources(self) -> Iterator[str]:
        # A copy: other threads import too.
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            lies_here = isinstance(file, str) and Path(file).parent == self._folder
            # A package remembers its modules, so it goes along, and all in it.
            is_in_package = self._package and f"{name}.".startswith(f"{self._package}.")
            if (lies_here or is_in_package) and name.partition(".")[0] not in {*OURS, "__main__"}:
                yield name


@contextmanager
def _nothing_compiled_is_kept() -> Iterator[None]:
    # Compiled files are told from their sources by size and second; a quick edit changes neither.
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def _place_of(module: str) -> tuple[Path, str]:
    """Return the folder of a module, and the package that it is in, or is; "" for none."""
    try:
        with _nothing_compiled_is_kept():
            found = importlib.util.find_spec(module)
    # It imports the packages around, which are a builder's too.
    except (Exception, SystemExit) as exc:
        raise NoBot(f"{module} cannot be found: {type(exc).__name__}: {exc}") from exc
    if found is None or found.origin is None or not found.has_location:
        raise NoBot(f"there is no module {module} here; start this where it can be imported")
    is_package = found.submodule_search_locations is not None
    return Path(found.origin).parent, module if is_package else module.rpartition(".")[0]
