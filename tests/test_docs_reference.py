"""Tables of the docs name what the code has: settings, log fields, metrics, errors, options."""

from __future__ import annotations

import inspect
import json
import pydoc
import re
from types import ModuleType
from typing import Any

import pytest

import fulfillment
from fulfillment import Bot, Notices, Turn, errors, testing
from fulfillment.lex import limits
from fulfillment.models import tool_loop
from fulfillment.models.base import Completion, StopReason
from fulfillment.outcome import Outcome
from fulfillment.settings import Settings
from fulfillment.streaming.delivery import Delivery, Status
from fulfillment.streaming.framing import RawText
from fulfillment.streaming.pacing import Pace
from fulfillment.streaming.text_buffer import TextBuffer
from fulfillment.telemetry import OFF, TurnReport, log_turn
from fulfillment.testing import event, run
from fulfillment.tools import Tool, toolbox
from tests.documents import DOCUMENTS, READER, ROOT, Document, code_in
from tests.evaluator import source
from tests.test_house_rules import FLOORS
from websocket_stack.deployment import options as deploy
from websocket_stack.deployment import template_files
from websocket_stack.lex_bot.description import (
    BotDescription,
    Confirmation,
    Intent,
    Locale,
    Slot,
    SlotType,
)
from websocket_stack.local import options as serve
from websocket_stack.server import options as chat_server

SOURCES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for folder in ("fulfillment", "websocket_stack", "examples")
    for path in (ROOT / folder).rglob("*.py")
}


def names_in(document: str, head: str) -> set[str]:
    """Return the names in the first column of the tables that it heads."""
    rows = Document(document).rows
    return {name for row in rows if row.head == head for name in row.names}


# --- the file of a Lex bot


def test_every_key_of_a_bots_file_is_documented() -> None:
    models = (BotDescription, Locale, Intent, Slot, SlotType)
    keys = {field for model in models for field in model.model_fields}
    assert names_in("docs/reference/lex-bot.md", "key") == keys
    for key in Confirmation.model_fields:
        assert f"`{key}`" in Document("docs/reference/lex-bot.md").text


# --- settings and parameters


def test_every_setting_is_documented() -> None:
    names = names_in("docs/reference/settings.md", "variable")
    fields = {field.upper() for field in Settings._fields if field != "system_prompts"}
    assert names == fields | {"SYSTEM_PROMPT_", "LOG_LEVEL", "POWERTOOLS_*"}


@pytest.mark.parametrize("field", [name for name in Settings._fields if "prompt" not in name])
def test_a_settings_default_is_the_documented_one(field: str) -> None:
    (row,) = [
        row
        for row in Document("docs/reference/settings.md").rows
        if row.head == "variable" and row.names == [field.upper()]
    ]
    default = getattr(Settings(), field)
    if isinstance(default, int | float):
        default = str(default).lower().removesuffix(".0")
    assert code_in(row.cells[-1]) == ([default] if default else [])


@pytest.mark.parametrize("path", READER)
def test_a_setting_named_in_a_document_is_read(path: str) -> None:
    for code in Document(path).inline_code:
        named = re.match(r"[A-Z]+(_[A-Z]+)+(?==|$)", code)
        # Those of others are read by others.
        if named and not code.startswith(("AWS_", "POWERTOOLS_")):
            assert any(named[0] in source for source in SOURCES.values()), code


def test_every_template_parameter_is_documented() -> None:
    templates = [source(name) for name in template_files.NAMES]
    names = {name for template in templates for name in template["Parameters"]}
    assert names_in("docs/reference/parameters.md", "parameter") == names


def test_every_alarm_is_documented() -> None:
    alarms = {
        name
        for template in map(source, template_files.NAMES)
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }
    assert names_in("docs/reference/logs.md", "alarm") == alarms


# --- the log line and metrics


def failure() -> Any:
    """Return an error of ours that was raised because of another's."""
    try:
        raise errors.ChannelError("status 500") from OSError()
    except errors.ChannelError as exc:
        return exc


def reported(outcome: Any = Outcome.COMPLETED) -> Any:
    """Return the report of a turn of which everything is known, and everything failed."""
    text = TextBuffer()
    text.write("Some.", 100.5)
    text.finish(101.0, failure())
    delivery = Delivery(RawText(), Pace(0.2), tail="reply")
    delivery.first_frame_at, delivery.error = 100.6, failure()
    completion = Completion("m", StopReason.END_TURN, 3, 5, 900, 600, 1)
    names = {"session_id": "s", "request_id": "r", "intent": "FallbackIntent"}
    report = TurnReport(names, outcome, 100.0, 102.0, text, delivery, (completion,))
    report = report._replace(memory_error=failure(), handled_error=failure(), cut_at="a.py:1 f")
    return report._replace(attributes_left_out=1, another_api=True)


def test_every_log_field_is_documented(caplog: pytest.LogCaptureFixture) -> None:
    before = caplog.handler.records
    log_turn(reported())
    (record,) = before
    plain = type(record)("", 0, "", 0, "", None, None)
    fields = set(vars(record)) - set(vars(plain)) - {"message", "asctime"}
    assert names_in("docs/reference/logs.md", "field") == fields


def test_every_outcome_and_status_is_documented() -> None:
    assert names_in("docs/reference/logs.md", "`outcome`") == set(Outcome)
    assert names_in("docs/reference/logs.md", "`delivery`") == {*Status, OFF}


def test_every_metric_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    for outcome in Outcome:
        log_turn(reported(outcome))
    recorded = set()
    for line in capsys.readouterr().out.splitlines():
        for directive in json.loads(line).get("_aws", {}).get("CloudWatchMetrics", ()):
            recorded |= {metric["Name"] for metric in directive["Metrics"]}
    assert names_in("docs/reference/logs.md", "metric") == recorded


# --- the library


def test_every_public_name_is_documented() -> None:
    for module, document in ((fulfillment, "bot"), (testing, "testing")):
        text = " ".join(Document(f"docs/reference/{document}.md").inline_code)
        for name in module.__all__:
            assert re.search(rf"\b{name}\b", text), name


def test_every_attribute_of_a_turn_and_a_result_is_documented() -> None:
    bot, turns = Bot(), list[Any]()
    bot.fallback(turns.append)
    result = run(bot, "Hello?")
    for thing, value, document in (("turn", turns[0], "turn"), ("result", result, "testing")):
        code = " ".join(Document(f"docs/reference/{document}.md").inline_code)
        named = set(re.findall(rf"\b{thing}\.(\w+)", code))
        public = {name for name in dir(value) if not name.startswith("_")}
        assert named == public - {"count", "index"}


@pytest.mark.parametrize(
    ("document", "functions"),
    [
        ("bot", [Bot]),
        ("turn", [Turn.ask]),
        ("testing", [run, event]),
        ("tools", [Tool]),
    ],
)
def test_every_argument_is_documented(document: str, functions: list[Any]) -> None:
    arguments = {name for each in functions for name in inspect.signature(each).parameters}
    documented = names_in(f"docs/reference/{document}.md", "argument")
    assert documented == arguments - {"self", "bot", "of_event"} - REQUIRED[document]


REQUIRED = {"bot": set(), "turn": set(), "testing": {"utterance"}, "tools": set()}


@pytest.mark.parametrize("path", READER)
def test_what_a_document_says_of_a_bot_exists(path: str) -> None:
    for name in re.findall(r"\bbot\.([a-z_]+)\b(?!\.md)", " ".join(Document(path).inline_code)):
        assert hasattr(Bot, name), name


def test_every_notice_is_documented() -> None:
    rows = [row for row in Document("docs/reference/bot.md").rows if row.head == "notice"]
    assert {row.names[0]: row.cells[-1] for row in rows} == Notices()._asdict()


LIMITS: dict[str, Any] = {
    "turn": {
        "messages and cards of a turn": limits.MAX_ADDED_MESSAGES,
        "characters of a card's title": limits.MAX_CARD_CHARACTERS,
        "buttons of a card": limits.MAX_BUTTONS,
        "characters of a button's text": limits.MAX_BUTTON_CHARACTERS,
    },
    "tools": {
        "rounds of tool calls": tool_loop.MAX_TOOL_ROUNDS,
        "seconds of the turn": tool_loop.RESERVED_SECONDS,
        "characters of a result": toolbox.MAX_RESULT_CHARACTERS,
    },
}


@pytest.mark.parametrize("document", LIMITS)
def test_limits_are_those_of_the_code(document: str) -> None:
    rows = [row for row in Document(f"docs/reference/{document}.md").rows if row.head == "limit"]
    for subject, limit in LIMITS[document].items():
        (value,) = [row.cells[1] for row in rows if row.cells[0].startswith(subject)]
        assert int(value.replace(",", "")) == limit


# --- errors, options, files


def test_every_error_is_documented() -> None:
    rows = Document("docs/reference/errors.md").rows
    documented = {row.names[0]: code_in(row.cells[1]) for row in rows}
    classes = [each for each in vars(errors).values() if isinstance(each, type)]
    assert documented == {each.__name__: [each.__mro__[1].__name__] for each in classes}


@pytest.mark.parametrize(
    ("command", "document"),
    [(serve, "local-stack"), (deploy, "reference/parameters"), (chat_server, "chat-server")],
)
def test_every_option_is_documented(command: ModuleType, document: str) -> None:
    actions = command.argument_parser()._actions
    options = {option for action in actions for option in action.option_strings}
    assert names_in(f"docs/{document}.md", "option") == options - {"-h", "--help"}


def test_every_script_is_documented() -> None:
    scripts = {path.name for path in (ROOT / "scripts").iterdir() if path.suffix == ""}
    assert names_in("scripts/README.md", "script") == scripts - {"benchmark", "__pycache__"}


def test_the_floors_are_those_of_the_house_rules() -> None:
    (drawing,) = Document("CONTRIBUTING.md").drawings
    assert [set(line.strip().split(", ")) for line in drawing.strip().splitlines()] == FLOORS


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_file_named_in_a_document_exists(path: str) -> None:
    for code in Document(path).inline_code:
        if re.fullmatch(r"[a-z_]+/([\w.-]+/)*([\w-]+\.(py|md|yaml|svg))?", code):
            assert (ROOT / code).exists(), code


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_test_named_in_a_document_exists(path: Any) -> None:
    named = {code for code in Document(path).inline_code if re.fullmatch(r"test_\w+", code)}
    tests = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.MULTILINE)
    }
    assert named <= tests | {"test_my_bot"}


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_module_or_class_named_in_a_document_exists(path: str) -> None:
    for code in Document(path).inline_code:
        if re.fullmatch(r"(fulfillment|websocket_stack)(\.\w+)+", code):
            assert pydoc.locate(code), code
