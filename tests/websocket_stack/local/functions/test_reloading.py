"""A bot as a function: its sources are written, loaded, changed, broken and repaired."""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import os
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from websocket_stack.local.functions.function import FunctionError
from websocket_stack.local.functions.reloading import BotFunction, BotNotLoaded
from websocket_stack.local.lex.code_hooks import hook_event
from websocket_stack.local.lex.intents import new_intent
from websocket_stack.local.lex.requests import TextRequest
from websocket_stack.local.lex.sessions import LexSession, SessionKey

pytestmark = pytest.mark.slow

KEY = SessionKey("LOCALBOT01", "TSTALIASID", "en_US", "session-1")
# Bots make clients at import; nothing is reached.
ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}
SAYS = "def handler(event, context):\n    return {!r}\n"

Write = Callable[[str, str], Path]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that modules are imported from; they are forgotten in the end."""
    sys.path.insert(0, str(tmp_path))
    before, compiles = set(sys.modules), sys.dont_write_bytecode
    # As it is where people work, whatever the environment of the tests says.
    sys.dont_write_bytecode = False
    yield tmp_path
    sys.dont_write_bytecode = compiles
    sys.path.remove(str(tmp_path))
    for name, module in list(sys.modules.items()):
        if name not in before and str(tmp_path) in str(getattr(module, "__spec__", "")):
            del sys.modules[name]


@pytest.fixture
def write(folder: Path) -> Write:
    """Write a source file; each is a little newer than the one before, within one second."""
    times = itertools.count(1_800_000_000_000_000_000, 1000)

    def write_file(name: str, text: str) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        now = next(times)
        os.utime(path, ns=(now, now))
        # Nor can it be told by the folder that there is a new file.
        os.utime(path.parent, ns=(0, 0))
        return path

    return write_file


def loaded(bot: str = "a_bot:handler", **environment: str) -> BotFunction:
    return BotFunction(bot, ENVIRONMENT | environment)


def call(function: BotFunction, event: Any = None) -> Any:
    return json.loads(asyncio.run(function.invoke(event or {})))


def hook(text: str = "hello", source: str = "FulfillmentCodeHook", **slots: str) -> dict[str, Any]:
    """Return an event of the fallback, or of TrackOrder where there are slots."""
    intent = new_intent("TrackOrder" if slots else "FallbackIntent", slots)
    return hook_event(source, LexSession(KEY, used_at=0.0), intent, TextRequest(text, {}, {}))


# --- what a bot is


def test_a_handler_is_called_with_event_and_context(write: Write) -> None:
    write("a_bot.py", "def handler(event, context):\n    return [event, context.function_name]\n")
    assert call(loaded(), {"a": 1}) == [{"a": 1}, "fulfillment"]


BOT = """
from fulfillment import Bot

bot = Bot()


@bot.fallback
def answer(turn):
    yield f"{turn.utterance}, {bot.resources.settings.waiting_text}"
"""


def test_a_bot_reads_its_environment(write: Write) -> None:
    write("a_bot.py", BOT)
    function = loaded("a_bot:bot", WAITING_TEXT="Moment")
    assert call(function, hook("hello"))["messages"][0]["content"] == "hello, Moment"
    # Its lambda_handler is the same.
    write(
        "a_bot.py",
        BOT + "lambda_handler = bot.lambda_handler\n",
    )
    function = loaded("a_bot:lambda_handler", WAITING_TEXT="Hm")
    assert call(function, hook("hello"))["messages"][0]["content"] == "hello, Hm"


def test_each_load_sees_the_environment(write: Write) -> None:
    source = "import os\nSEEN = dict(os.environ)\ndef handler(event, context):\n    return SEEN\n"
    expected = ENVIRONMENT | {"MINE": "set", "AWS_LAMBDA_FUNCTION_NAME": "fulfillment"}
    write("a_bot.py", source)
    before = dict(os.environ)
    function = loaded(MINE="set")
    assert call(function) == expected
    write("a_bot.py", source + "\n")
    assert call(function) == expected
    assert dict(os.environ) == before


def test_a_module_may_set_a_variable_for_its_bot(write: Write) -> None:
    source = BOT.replace(
        "bot = Bot()", "import os\nos.environ['WAITING_TEXT'] = 'Mine'\nbot = Bot()"
    )
    write("a_bot.py", source)
    before = dict(os.environ)
    reply = call(loaded("a_bot:bot", WAITING_TEXT="Moment"), hook("hello"))["messages"][0]
    assert reply["content"] == "hello, Mine"
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("bot", "reason"),
    [
        ("a_bot", "'a_bot': a bot is named as module:attribute, such as my_bot:bot"),
        ("a_bot:", "a bot is named as module:attribute"),
        (":handler", "a bot is named as module:attribute"),
        ("", "a bot is named as module:attribute"),
        ("no_bot:bot", "there is no module no_bot here; start this where it can be imported"),
        ("a_bot.py:bot", "named as module:attribute, such as my_bot:bot"),
        ("no.bot:bot", "no.bot cannot be found: ModuleNotFoundError: No module named 'no'"),
        (".a_bot:bot", ".a_bot cannot be found: ImportError"),
        ("sys:exit", "there is no module sys here"),
        ("empty:bot", "there is no module empty here"),
        ("a_bot:other", "a_bot:other cannot be loaded: AttributeError: "),
        (
            "a_bot:NAME",
            "a_bot:NAME cannot be loaded: TypeError: NAME is neither a Bot nor a handler",
        ),
        ("broken:bot", "broken:bot cannot be loaded: SyntaxError: "),
        (
            "lacking:bot",
            "lacking:bot cannot be loaded: ModuleNotFoundError: No module named 'lacks'"
            f" (lacking.py, line 1); install what the bot requires into {sys.prefix}, or give",
        ),
        ("exits:bot", "exits:bot cannot be loaded: SystemExit: set TOKEN"),
        ("in_broken.bot:bot", "in_broken.bot cannot be found: RuntimeError: not today"),
    ],
)
def test_a_missing_bot_is_explained(folder: Path, write: Write, bot: str, reason: str) -> None:
    write("a_bot.py", "NAME = 'Ann'\n" + SAYS.format("hello"))
    write("broken.py", "def bot(:\n")
    write("lacking.py", "import lacks\n")
    write("exits.py", "import sys\nsys.exit('set TOKEN')\n")
    write("in_broken/__init__.py", "raise RuntimeError('not today')\n")
    write("in_broken/bot.py", SAYS.format("hello"))
    (folder / "empty").mkdir()
    with pytest.raises(BotNotLoaded) as refused:
        loaded(bot)
    assert str(refused.value).startswith(reason) or reason in str(refused.value)


def test_a_failing_handler_ends_only_its_call(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        "a_bot.py",
        "import sys\ndef handler(event, context):\n"
        "    if event:\n        raise LookupError('secret')\n    sys.exit()\n",
    )
    function = loaded()
    for event, kind in (({"a": 1}, "LookupError"), ({}, "SystemExit")):
        with pytest.raises(FunctionError, match=f"^{kind}$"):
            asyncio.run(function.invoke(event))
    assert "a_bot.py" in capsys.readouterr().err


# --- changes


def test_a_changed_bot_is_reloaded(write: Write) -> None:
    write("a_bot.py", SAYS.format("one"))
    function = loaded()
    assert call(function) == "one"
    # As long as the other, and within the same second.
    write("a_bot.py", SAYS.format("two"))
    assert call(function) == "two"


def test_each_change_is_told_once_it_is_loaded(write: Write) -> None:
    changes: list[str] = []
    write("a_bot.py", SAYS.format("one"))
    function = BotFunction("a_bot:handler", ENVIRONMENT, reloaded=lambda: changes.append("now"))
    assert call(function) == "one" and not changes
    write("a_bot.py", SAYS.format("two"))
    assert [call(function), call(function)] == ["two", "two"]
    assert len(changes) == 1
    write("a_bot.py", "(")
    with pytest.raises(FunctionError):
        call(function)
    assert len(changes) == 1


def test_an_unchanged_bot_is_kept(write: Write) -> None:
    write(
        "a_bot.py",
        "COUNT = []\ndef handler(event, context):\n    COUNT.append(1)\n    return len(COUNT)\n",
    )
    function = loaded()
    assert [call(function) for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("change", ["a_helper.py", "a_new_one.py"])
def test_a_changed_or_new_file_in_its_folder_counts(write: Write, change: str) -> None:
    write("a_helper.py", "NAME = 'one'\n")
    write(
        "a_bot.py",
        "import a_helper\ntry:\n    import a_new_one as found\nexcept ImportError:\n"
        "    found = a_helper\ndef handler(event, context):\n    return found.NAME\n",
    )
    function = loaded()
    assert call(function) == "one"
    write(change, "NAME = 'two'\n")
    assert call(function) == "two"


def test_a_deleted_file_counts(write: Write) -> None:
    helper = write("a_helper.py", "NAME = 'one'\n")
    write(
        "a_bot.py",
        "try:\n    from a_helper import NAME\nexcept ImportError:\n    NAME = 'none'\n"
        "def handler(event, context):\n    return NAME\n",
    )
    function = loaded()
    assert call(function) == "one"
    helper.unlink()
    assert call(function) == "none"


@pytest.mark.parametrize("init", [None, "", "from a_package import prices\n"])
@pytest.mark.parametrize(
    "importing",
    [
        "from a_package import prices",
        "from . import prices",
        "import a_package.prices as prices",
        "from a_package.prices import *; import a_package; prices = a_package.prices",
    ],
)
def test_modules_of_its_package_are_reloaded(
    write: Write, importing: str, init: str | None
) -> None:
    if init is not None:
        write("a_package/__init__.py", init)
    write("a_package/prices.py", "LAMP = 1\n")
    write(
        "a_package/bot.py", f"{importing}\ndef handler(event, context):\n    return prices.LAMP\n"
    )
    function = loaded("a_package.bot:handler")
    assert call(function) == 1
    write("a_package/prices.py", "LAMP = 2\n")
    assert call(function) == 2
    write(
        "a_package/bot.py", f"{importing}\ndef handler(event, context):\n    return -prices.LAMP\n"
    )
    assert call(function) == -2


def test_a_package_may_be_the_bot(write: Write) -> None:
    write("a_package/__init__.py", "from .deep import more\n" + SAYS.format("one"))
    write("a_package/deep/__init__.py", "")
    write("a_package/deep/more.py", "import a_package\n")
    function = loaded("a_package:handler")
    assert call(function) == "one"
    write("a_package/__init__.py", "from .deep import more\n" + SAYS.format("two"))
    assert call(function) == "two"
    # What lies deeper is of the new package, and not of the one before.
    assert sys.modules["a_package.deep.more"].a_package is sys.modules["a_package"]


def test_what_is_installed_stays_loaded(write: Write) -> None:
    write("a_bot.py", BOT)
    function = loaded("a_bot:bot")
    kept = {name: sys.modules[name] for name in ("fulfillment.bot", "fulfillment.errors", "json")}
    write("a_bot.py", BOT + "\n")
    call(function, hook())
    assert {name: sys.modules[name] for name in kept} == kept


def test_an_editors_lock_is_no_source(folder: Path, write: Write) -> None:
    write("a_bot.py", SAYS.format("one"))
    function = loaded()
    (folder / ".#a_bot.py").symlink_to("somebody@somewhere.1234")
    assert call(function) == "one"


def test_no_bytecode_is_left(folder: Path, write: Write) -> None:
    write("a_bot.py", "import a_helper\n" + SAYS.format("one"))
    write("a_helper.py", "")
    before = sys.dont_write_bytecode
    loaded()
    assert sorted(path.name for path in folder.iterdir()) == ["a_bot.py", "a_helper.py"]
    assert sys.dont_write_bytecode is before


# --- changes for the worse


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        ("def handler(:\n", "SyntaxError"),
        ("raise LookupError('nothing here')\n", "LookupError"),
        ("import sys\nsys.exit(1)\n", "SystemExit"),
        ("", "AttributeError"),
        ("handler = 5\n", "TypeError"),
    ],
)
def test_a_broken_change_fails_until_repaired(
    write: Write, capsys: pytest.CaptureFixture[str], broken: str, kind: str
) -> None:
    write("a_bot.py", SAYS.format("one"))
    function = loaded()
    write("a_bot.py", broken)
    # Not only once: what it was before is no answer to what it is now.
    for _ in range(2):
        with pytest.raises(FunctionError, match="^BotNotLoaded$"):
            asyncio.run(function.invoke({}))
        log = capsys.readouterr().err
        assert f"a_bot:handler cannot be loaded: {kind}" in log
        assert "a_bot.py" in log or kind in ("AttributeError", "TypeError")
        assert "reloading.py" not in log and "importlib" not in log
    write("a_bot.py", SAYS.format("two"))
    assert call(function) == "two"


# --- loading


@pytest.fixture
def gate() -> Iterator[Any]:
    """A module that bots can import, with two events."""
    module: Any = ModuleType("a_gate")
    module.reached, module.opened, module.loads = threading.Event(), threading.Event(), []
    sys.modules["a_gate"] = module
    yield module
    module.opened.set()
    del sys.modules["a_gate"]


WAITS = "import a_gate\na_gate.loads.append(1)\na_gate.reached.set()\na_gate.opened.wait(20)\n"


@pytest.mark.anyio
async def test_a_change_is_loaded_once_on_a_thread(write: Write, gate: Any) -> None:
    write("a_bot.py", SAYS.format("one"))
    function = loaded()
    write("a_bot.py", WAITS + SAYS.format("two"))
    turns = [asyncio.create_task(function.invoke({})) for _ in range(5)]
    # The loop is free: it waits for the import on a thread, as the turns do.
    await asyncio.to_thread(gate.reached.wait, 20)
    assert not any(turn.done() for turn in turns)
    gate.opened.set()
    assert await asyncio.gather(*turns) == [b'"two"'] * 5
    assert gate.loads == [1]


@pytest.mark.anyio
async def test_a_change_during_loading_counts(write: Write, gate: Any) -> None:
    write("a_bot.py", SAYS.format("one"))
    function = loaded()
    write("a_bot.py", WAITS + SAYS.format("two"))
    turn = asyncio.create_task(function.invoke({}))
    await asyncio.to_thread(gate.reached.wait, 20)
    write("a_bot.py", SAYS.format("three"))
    gate.opened.set()
    assert await turn == b'"two"'
    assert await function.invoke({}) == b'"three"'


def test_replaced_modules_are_forgotten(write: Write) -> None:
    write("a_helper.py", "")
    write("a_bot.py", "import a_helper\n" + BOT)
    function = loaded("a_bot:bot")
    call(function, hook())
    modules = set(sys.modules)
    old = [weakref.ref(sys.modules[name]) for name in ("a_bot", "a_helper")]
    for _ in range(3):
        write("a_helper.py", "")
        assert call(function, hook())["messages"][0]["content"] == "hello,"
    gc.collect()
    assert [module() for module in old] == [None, None]
    assert set(sys.modules) == modules
