"""The docs' Python is executed, and the tutorial works from an empty folder on.

Transcripts are replayed in ``test_docs_transcripts.py``.

Commands are tested in ``test_docs_commands.py``, CSS in a browser (``browser/test_lex_web_ui.py``).
"""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from fulfillment import Bot
from fulfillment.testing import Result, ToolCall, run
from tests import snippets
from tests.documents import DOCUMENTS, Document, tutorial_command
from tests.example_dialogs import demo_routes
from tests.stack_fixture import client, running_stack, session
from websocket_stack.lex_bot.reading import read
from websocket_stack.local import options as serve

LANGUAGES = {"python", "sh", "yaml", "css", "transcript"}


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_block_is_in_a_language_that_is_executed(path: str) -> None:
    document = Document(path)
    assert {block.language for block in document.blocks} <= LANGUAGES
    # None is missed.
    assert len(re.findall(r"^ *(```|~~~)", document.text, re.MULTILINE)) == 2 * len(document.blocks)


# --- Python


MODULES = snippets.modules()
# It speaks to a server; see below.
EXECUTED = sorted(MODULES.keys() - {"local_stack_page"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all modules of the docs."""
    path = tmp_path_factory.mktemp("docs")
    snippets.write(path)
    return path


@pytest.fixture
def load(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Return a function that imports a module of the docs."""
    monkeypatch.syspath_prepend(folder)
    for name in MODULES:
        sys.modules.pop(name, None)
    yield importlib.import_module
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", EXECUTED)
def test_the_python_of_a_page_does_what_it_says(name: str, load: Callable[[str], Any]) -> None:
    module = load(name)
    tests = [value for key, value in vars(module).items() if key.startswith("test_")]
    for test in tests:
        test()
    if name in CHECKS:
        CHECKS[name](module)


def check_readme(page: Any) -> None:
    result = run(page.bot, "where is it?", intent="TrackOrder", slots={"OrderId": "A-17"})
    assert result.reply == "Looking up your order…\n\nOrder **A-17** is on its way."
    (prompt,) = run(page.bot, "Do you have lamps?", model="Two.").prompts
    assert prompt.system == "You help the customers of a furniture shop."
    assert page.lambda_handler == page.bot.lambda_handler


def check_dialogs(page: Any) -> None:
    def booking(guests: str | None, **further: Any) -> Result:
        return run(page.bot, "Book!", intent="BookTable", slots={"Guests": guests}, **further)

    def dialog(guests: str | None, **further: Any) -> tuple[str, str]:
        result = booking(guests, hook="DialogCodeHook", **further)
        return result.action, result.reply

    assert dialog(None) == ("Delegate", "")
    assert dialog("ten")[0] == "ElicitSlot"
    assert dialog("14") == ("ElicitSlot", "We seat at most twelve. For how many guests?")
    assert dialog("4") == ("ConfirmIntent", "A table for 4, is that right?")
    assert dialog("4", confirmation="Confirmed") == ("Delegate", "")
    assert dialog("4", confirmation="Denied") == ("Close", "All right, nothing is booked.")
    assert booking("4").reply == "Your table for 4 is booked."
    result = run(page.bot, "Where?", intent="TrackOrder", slots={"OrderId": "Z-9"})
    assert (result.action, result.slot_to_elicit) == ("ElicitSlot", "OrderId")


def check_messages(page: Any) -> None:
    result = run(page.bot, "Lamps?", intent="Lamps")
    assert result.messages == ["We have two lamps.", "Both are on sale."]
    (card,) = result.cards
    assert card["title"] == "Which one?"
    assert [button["value"] for button in card["buttons"]] == ["small lamp", "both lamps"]
    assert result.session_attributes == {"seen": "lamps"}


def check_tools(page: Any) -> None:
    call = ToolCall("call-1", "order_status", {"order_id": "A-17"})
    result = run(page.bot, "Where is A-17?", model=[call, "It was shipped."])
    assert result.tool_results[0].text == '{"order": "A-17", "status": "shipped"}'
    call = ToolCall("call-1", "orders_of", {})
    attributes = {"customer": "ada"}
    result = run(
        page.bot, "?", intent="MyOrders", model=[call, "One."], session_attributes=attributes
    )
    assert result.tool_results[0].text == '["A-17"]'


def check_knowledge_bases(page: Any) -> None:
    assert run(page.bot, "Hello?", model="I am an agent.").reply == "I am an agent."


def check_models(page: Any) -> None:
    result = run(page.bot, "And?", intent="Summary", model="Both are on their way.")
    assert result.chunks == ("Reading your orders…\n\n", "Both are on their way.")
    (prompt,) = result.prompts
    assert "['A-17', 'B-2']" in prompt.messages[-1].text
    assert (prompt.max_tokens, prompt.temperature) == (100, 0.2)


def check_middleware_and_errors(page: Any) -> None:
    def track(**further: Any) -> Result:
        return run(page.bot, "Where?", intent="TrackOrder", slots={"OrderId": "Z-9"}, **further)

    assert track().reply == "Please sign in first."
    member = track(session_attributes={"member": "yes"})
    assert member.reply == "Looking up your order…\n\nThere is no order with this number."
    assert member.intent_state == "Failed"

    bot: Bot = page.bot

    @bot.intent("Broken")
    def broken(turn: Any) -> None:
        raise ZeroDivisionError

    attributes = {"member": "yes"}
    result = run(
        page.bot,
        "?",
        intent="Broken",
        locale="de_AT",
        raise_errors=False,
        session_attributes=attributes,
    )
    assert result.reply == "Das hat leider nicht geklappt. Bitte noch einmal."


def check_shop(page: Any) -> None:
    reply = run(page.bot, "Where?", intent="TrackOrder").reply
    assert reply == "There is no order with this number."


def check_ports(page: Any) -> None:
    stream = page.model.ask(page.Prompt((page_message("Hello there"),)))
    assert "".join(stream) == "Hello there " and stream.completion
    assert page.text.text() == "Hello there."
    frames = page.mailbox.frames["reader-1"]
    assert frames[-1] == '{"end": "completed"}'
    assert "".join(re.findall(r'"text": "(.*?)"', " ".join(frames))) == "Hello there."


def page_message(text: str) -> Any:
    from fulfillment.models.base import Message

    return Message("user", text)


CHECKS: Mapping[str, Callable[[Any], None]] = {
    "README_page": check_readme,
    "dialogs_page": check_dialogs,
    "messages_and_cards_page": check_messages,
    "tools_page": check_tools,
    "knowledge_bases_page": check_knowledge_bases,
    "models_page": check_models,
    "middleware_and_errors_page": check_middleware_and_errors,
    "shop": check_shop,
    "ports_page": check_ports,
}
"""What pages say of their Python beyond the tests that they hold themselves."""


@pytest.mark.slow
def test_the_documented_boto3_client_gets_a_reply(capsys: pytest.CaptureFixture[str]) -> None:
    with running_stack() as origin:
        code = MODULES["local_stack_page"].replace("http://127.0.0.1:8000", origin)
        exec(compile(code, "local-stack.md", "exec"), {})
    assert capsys.readouterr().out.strip()


# --- the tutorial, from an empty folder on


@pytest.fixture
def builders_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the tutorial has a newcomer make, next to a clone; tests run in it."""
    folder = tmp_path / "my-bot"
    folder.mkdir()
    (tmp_path / "lex-streaming").mkdir()
    snippets.write_tutorial(folder)
    monkeypatch.chdir(folder)
    return folder


@contextmanager
def served(arguments: Sequence[str]) -> Iterator[str]:
    """Start the local stack as ``scripts/serve`` does; yields its origin once it is healthy."""
    options = serve.argument_parser().parse_args(arguments)
    locales = read(options.intents).locales if options.intents else None
    with running_stack(bot=options.bot, locales=locales, model_routes=demo_routes()) as origin:
        yield origin


def say(origin: str, text: str) -> str:
    with closing(client("lexv2-runtime", origin)) as lex:
        reply: str = lex.recognize_text(**session("reader"), text=text)["messages"][0]["content"]
    return reply


@pytest.mark.slow
def test_a_newcomers_bot_is_served_and_reloaded(
    builders_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(builders_folder)
    _, *arguments = tutorial_command("On your machine")
    with served(arguments) as origin:
        assert say(origin, "Hello!").startswith("Hello! Ask me")
        assert say(origin, "Where is my order?") == "What is your order's number?"
        assert say(origin, "A-17") == "Looking up your order…\n\nOrder **A-17** is on its way."
        assert "2" in say(origin, "Is the lamp in stock?")
        source = builders_folder / "my_bot.py"
        source.write_text(source.read_text("utf-8").replace("on its way", "almost there"), "utf-8")
        assert "Order **A-17** is almost there." in say(origin, "Track order A-17.")


@pytest.mark.slow
def test_a_newcomers_tests_pass(builders_folder: Path) -> None:
    python, *arguments = tutorial_command("A test")
    assert python.endswith(".venv/bin/python")
    ran = subprocess.run([sys.executable, *arguments], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout
    assert "2 passed" in ran.stdout
