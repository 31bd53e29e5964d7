"""Turns in a process of their own, all of whose output is read: no word of theirs is in it.

The process logs as a Lambda does whose application log level is the lowest: a handler on the root
logger, and every level of ours and of others.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from fulfillment.lex import events as lex
from tests import lambda_process
from tests.faulty_services import Always, Fault, FaultyServices, Row, Status, posts, shown
from tests.fresh_process import run_fresh
from tests.turns import reply_of
from websocket_stack.local.bedrock import event_stream

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]

PROMPT = "tell me of xylophones and vibraphones"
REPLY = "Marimbas are warm. Celestas are not. "
SYSTEM_PROMPT = "answer like a zitherist"
ATTRIBUTE = "balalaika"
REQUEST_ATTRIBUTE = "sousaphone"
SLOT = "harpsichord"
TOKEN = "eyJhbGciOi.glockenspiel"
SIGNATURE = "0ca41na"
SECURITY_TOKEN = "bassoon"
OWN_TOKEN = "theremin"
CONVERSATION_ID = "vuvuzela" * 4
# What is in these and in nothing else; as they are looked for, in small letters.
SECRETS = (
    *("xylophone", "vibraphone", "marimba", "celesta", "zither"),
    *(ATTRIBUTE, REQUEST_ATTRIBUTE, SLOT, "glockenspiel", "eyjhbgcioi"),
    *(SIGNATURE, SECURITY_TOKEN, OWN_TOKEN, "x-amz-signature", "x-amz-security-token"),
    *("accordion-endpoint", "vuvuzela"),
)
# What an error says that quotes all it can.
QUOTE = f"malformed input: {PROMPT} / {REPLY} / {SYSTEM_PROMPT} / {ATTRIBUTE} / {TOKEN}"


@dataclass(frozen=True)
class Ran:
    """What a call gave, and all that its process wrote."""

    response: Any
    output: str
    records: Sequence[Mapping[str, Any]]

    def assert_keeps_quiet(self) -> None:
        assert_keeps_quiet(self.output)


def assert_keeps_quiet(output: str) -> None:
    """Check that no line of a log holds a word that it must not."""
    for line in output.splitlines():
        assert [word for word in SECRETS if word in line.lower()] == [], line


def run(handler: str, event: Any, result: Path, **environ: str) -> Ran:
    """Call a handler with an event in a fresh process."""
    surroundings = {"LOG_LEVEL": "DEBUG", "AWS_SESSION_TOKEN": OWN_TOKEN} | environ
    output = run_fresh(lambda_process.call_handler, handler, event, result, **surroundings)
    records = [json.loads(line) for line in output.stdout.splitlines()]
    return Ran(json.loads(result.read_text("utf-8")), output.stdout + output.stderr, records)


@pytest.fixture
def event(load_event: Callable[[str], dict[str, Any]]) -> Any:
    """A turn with a word of its own in everything that a client can send."""
    made = load_event("lex_web_ui_second_turn") | {
        "sessionId": "session-1",
        "inputTranscript": PROMPT,
        "requestAttributes": {"instrument": REQUEST_ATTRIBUTE},
    }
    made["sessionState"]["intent"]["slots"] = {"Instrument": lex.slot_of(SLOT)}
    made["sessionState"]["sessionAttributes"] |= {
        "instrument": ATTRIBUTE,
        "conversationId": CONVERSATION_ID,
        "idtokenjwt": TOKEN,
        "previousLexResponse": REPLY,
        "streamingEndpoint": f"https://accordion-endpoint.test/Prod?X-Amz-Signature={SIGNATURE}",
    }
    return made


@dataclass(frozen=True)
class Case:
    """A turn and how it is recorded to have ended."""

    name: str
    outcome: str
    table: Sequence[Any] = ()
    posts: Sequence[Any] = ()
    bedrock: Sequence[Any] = ()
    handler: str = "fulfillment.handler.lambda_handler"
    delivery: str | None = "streamed"
    environ: dict[str, str] = field(default_factory=dict)


def quoted(status: int, error: str) -> Status:
    """Return an error that quotes all it can in its message."""
    return Status(status, error, json.dumps({"message": QUOTE, "__type": error}).encode())


SHOWN = [REPLY, shown]
CASES = [
    Case("ok", "completed", bedrock=[SHOWN]),
    Case(
        "model error in mid-stream",
        "interrupted",
        bedrock=[[*SHOWN, event_stream.exception("modelStreamErrorException", QUOTE)]],
    ),
    Case("stream of another shape", "interrupted", bedrock=[[*SHOWN, QUOTE.encode()]]),
    Case(
        "model error at the start",
        "failed",
        bedrock=[Always([quoted(400, "ValidationException")])],
        delivery=None,
    ),
    Case("deadline", "cut", bedrock=[[*SHOWN, Fault.HANG]], environ={"TURN_SECONDS": "1"}),
    Case(
        "channel error",
        "completed",
        posts=[Always(quoted(500, "InternalServerError"))],
        bedrock=[[REPLY, posts(1)]],
        delivery="failed",
    ),
    Case(
        "channel reset",
        "completed",
        posts=[Fault.RESET],
        bedrock=[[REPLY, posts(1)]],
        delivery="failed",
    ),
    Case(
        "table error",
        "completed",
        table=[quoted(400, "ResourceNotFoundException"), Row()],
        bedrock=[SHOWN],
    ),
    Case(
        "tables of sessions and conversations error",
        "completed",
        table=[Always(quoted(400, "ResourceNotFoundException"))],
        bedrock=[[REPLY]],
        delivery=None,
        environ={"CONVERSATION_TABLE": "conversations"},
    ),
    Case("intent raises", "interrupted", handler="intent", delivery=None),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_turn_is_recorded_without_a_word_of_it(case: Case, event: Any, tmp_path: Path) -> None:
    with FaultyServices(table=case.table, posts=case.posts, bedrock=case.bedrock) as services:
        environ = {
            "AWS_ENDPOINT_URL_DYNAMODB": services.origin,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": services.origin,
            "STREAMING_ENDPOINT": services.streaming_endpoint,
            "SYSTEM_PROMPT": SYSTEM_PROMPT,
            "MODEL_ID": "some-model",
        }
        ran = run(case.handler, event, tmp_path / "response.json", **environ | case.environ)
        # The words were there to be told.
        for call in services.calls("bedrock"):
            assert PROMPT.encode() in call.body
            assert SYSTEM_PROMPT.encode() in call.body
            assert call.headers["X-Amz-Security-Token"] == OWN_TOKEN
    reply_of(ran.response)
    ran.assert_keeps_quiet()
    turns = [record for record in ran.records if record.get("message") == "turn"]
    assert len(turns) == 1, ran.output
    turn = turns[0]
    (metrics,) = [record for record in ran.records if "_aws" in record]
    assert turn["outcome"] == metrics["outcome"] == case.outcome
    assert turn["request_id"] == metrics["request_id"] == "request-1"
    assert metrics["Turns"] == [1]
    if case.delivery:
        assert turn["delivery"] == metrics["delivery"] == case.delivery
    # Of each model that refused there is a line of its own.
    refused = case.name == "model error at the start"
    assert len(ran.records) == 2 + refused


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"sessionState": None}, id="no session state"),
        pytest.param({"sessionState": QUOTE}, id="text for an object"),
        pytest.param({"inputTranscript": [PROMPT]}, id="a list for text"),
        pytest.param({"bot": QUOTE}, id="text for a bot"),
    ],
)
def test_an_invalid_event_is_logged_without_a_word_of_it(
    change: dict[str, Any], event: Any, tmp_path: Path
) -> None:
    handler = "fulfillment.handler.lambda_handler"
    ran = run(handler, event | change, tmp_path / "response.json")
    assert reply_of(ran.response)[1] == "Failed"
    ran.assert_keeps_quiet()
    (record,) = ran.records
    assert (record["message"], record["error"]) == ("turn failed", "InvalidLexEvent")


def upgrade(session_id: str | None) -> dict[str, Any]:
    """Return a $connect event of a caller that signed its request in the query string."""
    query = {"X-Amz-Signature": SIGNATURE, "X-Amz-Security-Token": SECURITY_TOKEN}
    if session_id is not None:
        query["sessionId"] = session_id
    return {
        "queryStringParameters": query,
        "headers": {"Authorization": TOKEN},
        "requestContext": {"eventType": "CONNECT", "connectionId": "connection-1"},
    }


@pytest.mark.parametrize(
    ("session_id", "table", "status"),
    [
        pytest.param(None, [], 400, id="no session"),
        pytest.param(f"{ATTRIBUTE} {TOKEN}", [], 400, id="no session id of Lex's"),
        pytest.param("session-1", [Always(quoted(400, "ValidationException"))], 500, id="table"),
    ],
)
def test_a_refused_registration_is_logged_without_credentials(
    session_id: str | None, table: list[Always], status: int, tmp_path: Path
) -> None:
    with FaultyServices(table=table) as services:
        ran = run(
            "websocket_stack.registration.lambda_handler",
            upgrade(session_id),
            tmp_path / "response.json",
            AWS_ENDPOINT_URL_DYNAMODB=services.origin,
            ALLOW_ANONYMOUS="true",
        )
    assert ran.response == {"statusCode": status}
    ran.assert_keeps_quiet()
    assert "websocket_stack.registration" in ran.output


def test_a_registration_is_logged_without_credentials(tmp_path: Path) -> None:
    with FaultyServices(table=[Always(Status(200))]) as services:
        ran = run(
            "websocket_stack.registration.lambda_handler",
            upgrade("session-1"),
            tmp_path / "response.json",
            AWS_ENDPOINT_URL_DYNAMODB=services.origin,
            ALLOW_ANONYMOUS="true",
        )
        calls = services.calls("table")
    assert ran.response == {"statusCode": 200}
    assert calls and all(call.headers["X-Amz-Security-Token"] == OWN_TOKEN for call in calls)
    ran.assert_keeps_quiet()


# Wherever a handler is, found by what Lambda calls it.
FUNCTIONS = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for package in ("fulfillment", "websocket_stack")
    for path in (ROOT / package).rglob("*.py")
    if re.search(r"^(def )?lambda_handler\b", path.read_text("utf-8"), re.MULTILINE)
)


@pytest.mark.parametrize("module", FUNCTIONS)
def test_no_function_lets_the_sdk_write_requests(module: str) -> None:
    output = run_fresh(lambda_process.print_loggers_that_write_requests, module)
    assert output.stdout == "[]\n"
    assert "websocket_stack.registration" in FUNCTIONS and "fulfillment.handler" in FUNCTIONS


ASK_A_SERVER = """
import logging, openai

logging.basicConfig(level=logging.NOTSET)
from fulfillment.errors import ModelUnavailable
from fulfillment.models.base import Message, Prompt
from fulfillment.models.openai_compatible import OpenAICompatibleModel

model = OpenAICompatibleModel(openai.OpenAI(max_retries=0), "some-model")
try:
    list(model.ask(Prompt((Message("user", "xylophones"),), system="zitherist")))
except ModelUnavailable:
    print("asked")
"""


@pytest.mark.parametrize("switch", ["debug", ""])
def test_another_server_is_asked_without_a_word_in_the_log(switch: str) -> None:
    environ = {"OPENAI_LOG": switch, "OPENAI_API_KEY": TOKEN}
    with FaultyServices(bedrock=[Always(Status(503))]) as services:
        process = subprocess.run(
            [sys.executable, "-c", ASK_A_SERVER],
            cwd=ROOT,
            env=os.environ | environ | {"OPENAI_BASE_URL": f"{services.origin}/accordion-endpoint"},
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert process.stdout == "asked\n", process.stderr
    assert_keeps_quiet(process.stdout + process.stderr)


def test_the_local_stack_logs_no_query_string() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "websocket_stack.local", "--port", "0"],
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout
        first = process.stdout.readline()
        origin = next(word for word in first.split() if word.startswith("http://"))
        query = f"X-Amz-Signature={SIGNATURE}&X-Amz-Security-Token={SECURITY_TOKEN}"
        address = f"{origin.replace('http://', 'ws://')}/Prod?{query}"
        with pytest.raises(InvalidStatus):
            connect(address, proxy=None)
        with connect(f"{address}&sessionId=session-1", proxy=None) as socket:
            socket.send(json.dumps({"action": PROMPT}))
    finally:
        process.terminate()
        rest, _ = process.communicate(timeout=15)
    assert "refused" in rest
    assert_keeps_quiet(first + rest)
