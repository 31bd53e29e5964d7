"""Whole turns on the real clients, while the services that they talk to fail: a row for each fault.

What a row has in common with all others is in :func:`test_a_turn_survives`: a valid Close in time,
with everything that the model wrote; what was shown is a prefix of it; nobody reads what failed.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import boto3
import pytest

from fulfillment import Bot, Notices, Turn
from fulfillment.clients import Resources
from fulfillment.memory.conversation import LOAD_SECONDS
from fulfillment.models.fallback import FallbackModel
from fulfillment.testing import Context
from tests.faulty_services import (
    DETAIL,
    Always,
    Fault,
    FaultyServices,
    Row,
    Status,
    Stop,
    asked,
    closed_port,
    looks,
    posts,
    shown,
    start_event,
    text_event,
    wrote,
)
from tests.log_records import logged
from tests.turns import reply_of
from websocket_stack.local.bedrock import event_stream

pytestmark = pytest.mark.slow

WORDS = Notices()
# Where a model is silent on purpose; elsewhere a busy machine must not look like one.
FIRST_SIGN_SECONDS = 2.0
PATIENT_SECONDS = 20.0
PAUSE_SECONDS = 0.01
# For a busy machine to build the response in.
SLACK_SECONDS = 5.0

ONE, TWO, THREE = "One lamp. ", "Two lamps. ", "Three lamps."
WHOLE = ONE + TWO + THREE
# All of it is shown before the model ends, so that what is shown does not depend on timing.
SHOWN: list[Any] = [ONE, shown, TWO, shown, THREE, shown]
# Longer than Lex takes in one reply.
LONG = "".join(f"Lamp {n} is lit, and the sea is calm tonight.\n\n" for n in range(1_500))

OK = None
HANG, RESET, CLOSE, END, OPEN = Fault.HANG, Fault.RESET, Fault.CLOSE, Fault.END, Fault.OPEN
TAKE_AND_HANG, TAKE_AND_RESET = Fault.TAKE_AND_HANG, Fault.TAKE_AND_RESET

Intent = Callable[[FaultyServices, Turn], Any]


@dataclass(frozen=True)
class Case:
    """A fault, and what the turn makes of it."""

    name: str
    table: Sequence[Any] = ()
    posts: Sequence[Any] = ()
    bedrock: Sequence[Any] = (SHOWN,)
    intent: Intent | None = None
    written: str = WHOLE
    note: str = ""
    """What is said after what was written, or instead of it."""
    shown: str | None = None
    """All that was shown, where that does not depend on timing."""
    posts_made: int | None = None
    models: Sequence[str] | None = None
    """The models that were asked, in order."""
    first_sign_seconds: float = PATIENT_SECONDS
    """How long a call may be silent before another one is started."""
    turn_seconds: float = 20.0
    within_seconds: float | None = None
    """The turn returns this soon; its deadline, if left out."""
    closed_ports: Sequence[str] = ()
    environ: dict[str, str] = field(default_factory=dict)


class Turned(NamedTuple):
    """A turn that was run."""

    response: Any
    seconds: float


@contextmanager
def settled(services: FaultyServices) -> Iterator[Callable[[], None]]:
    """On leaving, end what hangs and wait for the turn's threads; yields what waits sooner."""
    before = set(threading.enumerate())

    def join() -> None:
        for thread in set(threading.enumerate()) - before:
            if thread.name in ("handler", "delivery", "conversation", "model", "tool"):
                thread.join(10)
                assert not thread.is_alive(), thread.name

    try:
        yield join
    finally:
        services.release()
        join()


@pytest.fixture
def event(load_event: Callable[[str], dict[str, Any]]) -> Any:
    return load_event("lex_web_ui_second_turn")


@pytest.fixture(scope="module", autouse=True)
def shared_session() -> None:
    """Let all bots share boto3's session: a new one parses botocore's data again."""
    boto3.setup_default_session()


@pytest.fixture
def make_bot(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that makes a bot on real clients of a server."""

    def make(
        services: FaultyServices, first_sign_seconds: float = PATIENT_SECONDS, **environ: str
    ) -> Bot:
        endpoints = {"DYNAMODB": services.origin, "BEDROCK_RUNTIME": services.origin}
        for service, origin in endpoints.items():
            name = f"AWS_ENDPOINT_URL_{service}"
            monkeypatch.setenv(name, environ.pop(name, origin))
        resources = Resources.from_environ(
            {
                "STREAMING_ENDPOINT": services.streaming_endpoint,
                "SESSION_TABLE": "sessions",
                "MODEL_ID": "first-model",
                "FLUSH_INTERVAL_SECONDS": "0.02",
                **environ,
            }
        )
        if resources.browser:
            resources.browser()
        # The same clients, less patient.
        patient: Any = resources.model
        model = FallbackModel(patient._models, first_sign_seconds, PAUSE_SECONDS)
        return Bot(resources=resources._replace(model=model))

    return make


def _has_left(services: FaultyServices, index: int) -> bool:
    return services.has_left("bedrock", index)


def run(bot: Bot, event: Any) -> Turned:
    started = time.monotonic()
    response = bot.lambda_handler(event, Context())
    return Turned(response, time.monotonic() - started)


# --- intents that fail


def raises(services: Any, turn: Any) -> None:
    raise ValueError(DETAIL)


def raises_after_some_text(services: Any, turn: Any) -> Iterator[Any]:
    yield ONE
    yield TWO
    services.wait_for(posts(2))
    raise KeyError(DETAIL)


def exits(services: Any, turn: Any) -> Iterator[Any]:
    yield ONE
    raise SystemExit(DETAIL)


def breaks_in_the_model(services: Any, turn: Any) -> Iterator[Any]:
    yield ONE
    yield from turn.ask()


def swallows_what_the_model_raises(services: Any, turn: Any) -> Iterator[Any]:
    yield ONE
    try:
        yield from turn.ask()
    except Exception:
        yield TWO


def yields_nothing(services: Any, turn: Any) -> Iterator[Any]:
    yield from ()


def returns_nothing(services: Any, turn: Any) -> None:
    return None


def returns_a_number(services: Any, turn: Any) -> Any:
    return 5


def yields_bytes(services: Any, turn: Any) -> Iterator[Any]:
    yield ONE
    yield TWO
    yield THREE.encode()


def never_ends(services: Any, turn: Any) -> Iterator[Any]:
    yield ONE
    while True:
        yield ""


def asks_for_ever(services: Any, turn: Any) -> Iterator[Any]:
    while True:
        yield from turn.ask()


def hangs_at_once(services: Any, turn: Any) -> Any:
    services.wait_for(lambda services: False)
    return ONE


def hangs_after_some_text(services: Any, turn: Any) -> Iterator[Any]:
    yield ONE + TWO + "Thr"
    services.wait_for(lambda services: False)


# --- the rows


def exception_event(name: str) -> bytes:
    return event_stream.exception(
        name, DETAIL, originalStatusCode=500, originalMessage=f"{DETAIL} too"
    )


def error_event() -> bytes:
    headers = {":message-type": "error", ":error-code": "InternalFailure", ":error-message": DETAIL}
    return event_stream._message(headers, {})


def corrupt(position: int) -> bytes:
    """Return an event with one byte of it wrong."""
    event = bytearray(text_event("Four lamps."))
    event[position] ^= 0xFF
    return bytes(event)


def row_rows() -> Iterator[Case]:
    yield Case(
        "no row",
        table=[Always(None)],
        bedrock=[[ONE, looks(2), TWO, THREE]],
        shown="",
        posts_made=0,
    )
    yield Case(
        "a row that comes late",
        table=[None, Row()],
        bedrock=[[ONE, TWO, looks(2), shown, THREE, shown]],
        shown=WHOLE,
    )
    yield Case(
        "a row that changes in mid-turn",
        table=[Row("connection-1"), Always(Row("connection-2"))],
        posts=[OK, OK, 410],
        shown=WHOLE,
    )
    yield Case(
        "a row that changes between the two frames of a flush",
        table=[Row("connection-1"), Always(Row("connection-2"))],
        posts=[OK, OK, OK, 410],
        shown=WHOLE,
    )
    yield Case(
        "a row that changes to a connection that is not open yet",
        table=[Row("connection-1"), Always(Row("connection-2"))],
        posts=[OK, OK, 410, 410],
        shown=WHOLE,
    )
    yield Case("a row without owner", table=[Row(owner=None)], shown=WHOLE)
    yield Case("a row of Lex Web UI's own", table=[Row(owner=None, ttl="9999999999.25")])
    yield Case("a row without expiry", table=[Row(ttl=None)], shown=WHOLE)
    yield Case(
        "a row that has expired",
        table=[Always(Row(ttl="1000000000"))],
        bedrock=[[ONE, looks(2), TWO, THREE]],
        posts_made=0,
    )
    yield Case(
        "a row without connection",
        table=[Always(Row(connection_id=None))],
        bedrock=[[ONE, looks(2), TWO, THREE]],
        posts_made=0,
    )
    yield Case(
        "a contested row",
        table=[Always(Row(contested=True))],
        bedrock=[[ONE, looks(1), TWO, THREE]],
        posts_made=0,
    )


def table_rows() -> Iterator[Case]:
    unheard = [[ONE, looks(1), TWO, THREE]]
    yield Case("table unreachable", closed_ports=["DYNAMODB"], bedrock=[[WHOLE]], posts_made=0)
    yield Case(
        "table slow",
        table=[(wrote(WHOLE), Row())],
        bedrock=[[ONE, TWO, THREE, shown]],
        shown=WHOLE,
    )
    # The client gives up after a second and asks once more.
    yield Case("table hangs once", table=[HANG, Row()], shown=WHOLE)
    yield Case(
        "table hangs always", table=[Always(HANG)], bedrock=unheard, turn_seconds=1, posts_made=0
    )
    yield Case(
        "table hangs in a turn that has time",
        table=[Always(HANG)],
        bedrock=unheard,
        # Nothing is being posted, so there is nothing to wait for.
        within_seconds=0.2,
        posts_made=0,
    )
    yield Case("table resets once", table=[RESET, Row()], shown=WHOLE)
    yield Case("table errors once", table=[500, Row()], shown=WHOLE)
    for name, outcome in {
        "errors": 500,
        "resets": RESET,
        "throttles": Status(400, "ProvisionedThroughputExceededException"),
        "is missing": Status(400, "ResourceNotFoundException"),
        "is forbidden": Status(400, "AccessDeniedException"),
        "is behind a proxy that fails": Status(502, body=b"<html>kaputt</html>"),
        "answers with what is not JSON": Status(200, body=b"<html>kaputt</html>"),
        "answers with what is not text": Status(200, body=b"\xff\xfe"),
    }.items():
        yield Case(f"table {name}", table=[Always(outcome)], bedrock=unheard, posts_made=0)


def post_rows() -> Iterator[Case]:
    yield Case(
        "connection gone at the first post",
        posts=[Always(410)],
        bedrock=[[ONE, posts(1), TWO, THREE]],
        shown="",
    )
    yield Case("connection not open yet at the first post", posts=[410], shown=WHOLE)
    yield Case(
        "connection gone at the first post and at the second chance",
        posts=[Always(410)],
        bedrock=[[ONE, posts(2), TWO, looks(3), THREE]],
        shown="",
        posts_made=2,
    )
    yield Case(
        "connection gone at a middle post",
        posts=[OK, OK, Always(410)],
        bedrock=[[ONE, shown, TWO, posts(3), looks(2), THREE]],
        shown=ONE,
        posts_made=3,
    )
    yield Case(
        "connection gone at the last post",
        posts=[OK, OK, OK, OK, Always(410)],
        bedrock=[[ONE, shown, TWO, shown, THREE, posts(5)]],
        shown=ONE + TWO,
    )
    yield Case(
        "410 without header",
        posts=[OK, OK, Always(Status(410))],
        bedrock=[[ONE, shown, TWO, posts(3), looks(2), THREE]],
        shown=ONE,
        posts_made=3,
    )
    yield Case("410 without header, not open yet", posts=[Status(410)], shown=WHOLE)
    for name, outcome in {
        "403": 403,
        "403 without header": Status(403),
        "413": 413,
        "500": Status(500, "InternalServerError"),
        "500 of a proxy": Status(500, body=b"<html>kaputt</html>"),
        "504": Status(504, body=b'{"message": "Endpoint request timed out"}'),
        "a status that is new": Status(418, "TeapotException"),
        "connection reset": RESET,
        "connection closed": CLOSE,
    }.items():
        yield Case(
            f"post: {name}",
            posts=[OK, OK, Always(outcome)],
            bedrock=[[ONE, shown, TWO, posts(3), THREE]],
            shown=ONE,
            posts_made=3,
        )
        yield Case(
            f"first post: {name}",
            posts=[Always(outcome)],
            bedrock=[[ONE, posts(1), TWO, THREE]],
            shown="",
            posts_made=1,
        )
    yield Case("post: 429 once", posts=[429], shown=WHOLE)
    yield Case("post: 429 between the two frames of a flush", posts=[OK, 429], shown=WHOLE)
    yield Case("post: 429 without header", posts=[Status(429)], shown=WHOLE)
    yield Case("post: 429 often", posts=[429, 429, OK, OK, 429, OK, 429], shown=WHOLE)
    yield Case(
        "post: 429 always",
        posts=[Always(429)],
        bedrock=[[ONE, posts(3), TWO, THREE]],
        shown="",
    )
    yield Case(
        "post: hangs",
        posts=[OK, OK, HANG],
        bedrock=[[ONE, shown, TWO, posts(3), THREE]],
        turn_seconds=1,
        shown=ONE,
        posts_made=3,
    )
    yield Case(
        "post: hangs in a turn that has time",
        posts=[OK, OK, HANG],
        bedrock=[[ONE, shown, TWO, posts(3), THREE]],
        # The client gives up after two seconds.
        within_seconds=2.5,
        shown=ONE,
    )
    yield Case(
        "post: arrives and hangs",
        posts=[OK, OK, TAKE_AND_HANG],
        bedrock=[[ONE, shown, TWO, posts(3), THREE]],
        turn_seconds=1,
        shown=(ONE + TWO)[:-1],
        posts_made=3,
    )
    yield Case(
        "post: arrives and resets",
        posts=[OK, OK, TAKE_AND_RESET],
        bedrock=[[ONE, shown, TWO, posts(3), THREE]],
        shown=(ONE + TWO)[:-1],
        posts_made=3,
    )
    yield Case(
        "post: endpoint unreachable",
        closed_ports=["STREAMING_ENDPOINT"],
        bedrock=[[ONE, looks(1), TWO, THREE]],
        posts_made=0,
    )


def start_rows() -> Iterator[Case]:
    throttled = [Status(429, "ThrottlingException")]
    unavailable = [Status(503, "ServiceUnavailableException")]
    fallback = {"FALLBACK_MODEL_IDS": "second-model"}
    first, second = "first-model", "second-model"
    for name, failure in {
        "throttled": throttled,
        "not ready": [Status(429, "ModelNotReadyException")],
        "unavailable": unavailable,
        "timed out": [Status(408, "ModelTimeoutException")],
        "internal error": [Status(500, "InternalServerException")],
        "error of a proxy": [Status(502, body=b"<html>kaputt</html>")],
        "reset": [RESET],
        "closed": [CLOSE],
        "reset before the first event": [OPEN, RESET],
        "ended before the first event": [OPEN, END],
        "throttled as the first event": [exception_event("throttlingException")],
        "unavailable after messageStart": [
            start_event(),
            exception_event("serviceUnavailableException"),
        ],
        "corrupt at once": [corrupt(-1)],
    }.items():
        yield Case(
            f"model at the start: {name}, then well",
            bedrock=[failure, SHOWN],
            shown=WHOLE,
            models=[first, first],
        )
    yield Case(
        "model at the start: never answers, then well",
        first_sign_seconds=FIRST_SIGN_SECONDS,
        bedrock=[[HANG], SHOWN],
        shown=WHOLE,
        models=[first, first],
    )
    yield Case(
        "model at the start: headers and nothing more, then well",
        first_sign_seconds=FIRST_SIGN_SECONDS,
        bedrock=[[OPEN, HANG], SHOWN],
        shown=WHOLE,
        models=[first, first],
    )
    yield Case(
        "model unavailable, then the fallback",
        bedrock=[unavailable, SHOWN],
        environ=fallback,
        shown=WHOLE,
        models=[first, second],
    )
    yield Case(
        "model never answers, then the fallback",
        first_sign_seconds=FIRST_SIGN_SECONDS,
        bedrock=[[HANG], SHOWN],
        environ=fallback,
        shown=WHOLE,
        models=[first, second],
    )
    yield Case(
        "model refused, then the fallback",
        bedrock=[[Status(403, "AccessDeniedException")], SHOWN],
        environ=fallback,
        shown=WHOLE,
        models=[first, second],
    )
    yield Case(
        "model and fallback throttled three times, then well",
        bedrock=[*[throttled] * 6, SHOWN],
        environ=fallback,
        shown=WHOLE,
        models=[first, second] * 3 + [first],
    )
    yield Case(
        "model and fallback throttled, within the deadline",
        bedrock=[Always(throttled)],
        environ=fallback,
        written="",
        note=WORDS.failed,
        turn_seconds=1,
    )
    yield Case(
        "model slow beyond its first sign, twice",
        first_sign_seconds=FIRST_SIGN_SECONDS,
        bedrock=[[asked(2), *SHOWN], [HANG]],
        shown=WHOLE,
        models=[first, first],
    )
    yield Case(
        "model never answers, within the deadline",
        first_sign_seconds=FIRST_SIGN_SECONDS,
        bedrock=[Always([HANG])],
        environ=fallback,
        written="",
        note=WORDS.failed,
        turn_seconds=1,
    )
    yield Case(
        "request refused",
        bedrock=[Always([Status(400, "ValidationException")])],
        written="",
        note=WORDS.failed,
        models=[first],
    )


def stream_rows() -> Iterator[Case]:
    faults: dict[str, list[Any]] = {
        **{
            f"{error} event": [exception_event(error)]
            for error in (
                "internalServerException",
                "modelStreamErrorException",
                "validationException",
                "throttlingException",
                "serviceUnavailableException",
                # Not of ConverseStream: to this SDK an error without a name.
                "modelTimeoutException",
                "somethingNewException",
            )
        },
        "error event": [error_event()],
        "TCP reset": [RESET],
        "connection closed": [CLOSE],
        "ends without messageStop": [END],
        "ends in the middle of a frame": [text_event("Four lamps.")[:40], END],
        "connection closed in the middle of a frame": [text_event("Four lamps.")[:40], CLOSE],
        "corrupt frame": [corrupt(-1)],
        "corrupt payload": [corrupt(-20)],
        "corrupt prelude": [corrupt(1)],
        "not an event stream": [b"<html>kaputt</html>" * 3],
        "event of another shape": [event_stream.event("contentBlockDelta", {"delta": None})],
        "messageStop of another shape": [event_stream.event("messageStop", {})],
    }
    for name, steps in faults.items():
        yield Case(
            f"stream: {name}",
            bedrock=[[ONE, TWO, shown, *steps]],
            written=ONE + TWO,
            note=WORDS.interrupted,
            shown=ONE + TWO,
            # What was written stands; the model is not asked again.
            models=["first-model"],
        )
    yield Case(
        "stream: silence in the middle of a sentence",
        bedrock=[[ONE, TWO, "Thr", shown, HANG]],
        written=ONE + TWO,
        note=WORDS.cut,
        shown=ONE + TWO + "Thr",
        turn_seconds=2,
    )
    for name, chunks in {
        "a whole sentence": [ONE, TWO, THREE],
        "a whole sentence and a space": [ONE, TWO, THREE + " "],
        "a whole line": ["- one lamp\n", "- two lamps\n"],
    }.items():
        yield Case(
            f"stream: silence after {name}",
            bedrock=[[*chunks, shown, HANG]],
            written="".join(chunks),
            note=WORDS.cut,
            shown="".join(chunks),
            turn_seconds=2,
        )
    yield Case(
        "stream: silence while nothing can be posted",
        posts=[Always(429)],
        bedrock=[[ONE, TWO, "Thr", HANG]],
        written=ONE + TWO,
        note=WORDS.cut,
        shown="",
        turn_seconds=2,
    )


def stop_rows() -> Iterator[Case]:
    notes = {
        "end_turn": "",
        "guardrail_intervened": "",
        "something_new": "",
        "max_tokens": WORDS.too_long,
        "content_filtered": WORDS.withheld,
        "refusal": WORDS.withheld,
    }
    for reason, note in notes.items():
        yield Case(f"stop reason {reason}", bedrock=[[*SHOWN, Stop(reason)]], note=note)
    for reason in ("content_filtered", "refusal"):
        yield Case(
            f"stop reason {reason} and no text",
            bedrock=[[Stop(reason)]],
            written="",
            note=WORDS.withheld,
        )
    for reason in ("end_turn", "max_tokens", "guardrail_intervened"):
        yield Case(
            f"stop reason {reason} and no text",
            bedrock=[[Stop(reason)]],
            written="",
            note=WORDS.empty,
        )
    yield Case("nothing but white space", bedrock=[[" \n", "\n"]], written="", note=WORDS.empty)


def intent_rows() -> Iterator[Case]:
    yield Case("intent raises", intent=raises, written="", note=WORDS.failed)
    yield Case(
        "intent raises after some text",
        intent=raises_after_some_text,
        written=ONE + TWO,
        note=WORDS.interrupted,
    )
    yield Case("intent exits", intent=exits, written=ONE, note=WORDS.interrupted)
    yield Case(
        "intent whose model fails",
        intent=breaks_in_the_model,
        bedrock=[Always([Status(400, "ValidationException")])],
        written=ONE,
        note=WORDS.interrupted,
    )
    yield Case(
        "intent that catches its model's failure",
        intent=swallows_what_the_model_raises,
        bedrock=[Always([Status(400, "ValidationException")])],
        written=ONE + TWO,
    )
    yield Case("intent yields nothing", intent=yields_nothing, written="", note=WORDS.empty)
    yield Case("intent returns nothing", intent=returns_nothing, written="", note=WORDS.empty)
    yield Case("intent returns a number", intent=returns_a_number, written="", note=WORDS.failed)
    yield Case(
        "intent yields bytes", intent=yields_bytes, written=ONE + TWO, note=WORDS.interrupted
    )
    yield Case("intent never ends", intent=never_ends, written=ONE, note=WORDS.cut, turn_seconds=1)
    yield Case(
        "intent hangs at once", intent=hangs_at_once, written="", note=WORDS.failed, turn_seconds=1
    )
    yield Case(
        "intent hangs after some text",
        intent=hangs_after_some_text,
        written=ONE + TWO,
        note=WORDS.cut,
        turn_seconds=1,
    )


CASES = [
    *row_rows(),
    *table_rows(),
    *post_rows(),
    *start_rows(),
    *stream_rows(),
    *stop_rows(),
    *intent_rows(),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_turn_survives(case: Case, event: Any, make_bot: Any) -> None:
    with ExitStack() as stack:
        services = stack.enter_context(
            FaultyServices(table=case.table, posts=case.posts, bedrock=case.bedrock)
        )
        environ = case.environ | {"TURN_SECONDS": str(case.turn_seconds)}
        for service in case.closed_ports:
            name = service if "_" in service else f"AWS_ENDPOINT_URL_{service}"
            environ[name] = stack.enter_context(closed_port())
        bot = make_bot(services, case.first_sign_seconds, **environ)
        intent = case.intent
        if intent is not None:
            bot.fallback(lambda turn: intent(services, turn))
        with settled(services):
            response, seconds = run(bot, event)

        text, state = reply_of(response)
        assert text == "\n\n".join(filter(None, [case.written.strip(), case.note]))
        assert state == ("Fulfilled" if case.written else "Failed")
        assert_tells_nobody(response)
        assert seconds < (case.within_seconds or case.turn_seconds) + SLACK_SECONDS

        if case.intent is None:
            assert services.written.startswith(services.shown)
        else:
            assert (case.written + THREE).startswith(services.shown)
        if case.shown is not None:
            assert services.shown == case.shown
        if case.posts_made is not None:
            assert services.count("post") == case.posts_made
        if case.models is not None:
            assert services.models_asked() == list(case.models)


def assert_tells_nobody(response: Any) -> None:
    """Check that no name and no text of an error is in a response."""
    written = json.dumps(response)
    assert DETAIL not in written
    assert not re.search(r"Exception|Error|Traceback|Timeout|status", written)


# --- what is special to one fault


def test_what_was_written_before_the_row_came_leaves_as_one_flush(
    event: Any, make_bot: Any
) -> None:
    bedrock: list[list[Any]] = [[ONE, TWO, looks(2), shown, THREE]]
    with FaultyServices(table=[None, Row()], bedrock=bedrock) as services:
        with settled(services):
            run(make_bot(services), event)
        assert [text for _, text in services.frames[:2]] == [(ONE + TWO)[:-1], " "]


def test_a_new_connection_goes_on_where_the_old_one_stopped(event: Any, make_bot: Any) -> None:
    rows: list[Any] = [Row("connection-1"), Always(Row("connection-2"))]
    with FaultyServices(table=rows, posts=[OK, OK, OK, 410], bedrock=[SHOWN]) as services:
        with settled(services):
            run(make_bot(services), event)
        assert services.frames == [
            ("connection-1", ONE[:-1]),
            ("connection-1", " "),
            ("connection-1", TWO[:-1]),
            ("connection-2", " "),
            ("connection-2", THREE[:-1]),
            ("connection-2", "."),
        ]


@pytest.mark.parametrize("outcome", [500, RESET, Status(400, "AccessDeniedException"), HANG])
def test_a_failed_table_costs_only_the_memory(
    event: Any, make_bot: Any, caplog: pytest.LogCaptureFixture, outcome: Any
) -> None:
    """The table of conversations fails; the reply is not affected."""
    attributes = event["sessionState"]["sessionAttributes"]
    attributes["conversationId"] = "conversation" + "0" * 20
    with FaultyServices(table=[Always(outcome)], bedrock=[[WHOLE]]) as services:
        with settled(services):
            response, seconds = run(make_bot(services, CONVERSATION_TABLE="talks"), event)
        assert reply_of(response) == (WHOLE, "Fulfilled")
        assert_tells_nobody(response)
        assert seconds < LOAD_SECONDS + SLACK_SECONDS
        # What could not be read is not written over.
        targets = {call.headers["X-Amz-Target"] for call in services.calls("table")}
        assert targets == {"DynamoDB_20120810.GetItem"}
        kept = response["sessionState"]["sessionAttributes"]["conversationId"]
        assert kept == attributes["conversationId"]
    assert logged(caplog)[-1].memory_error["error"] in ("ConversationTableError", "TimeoutError")


def test_connections_that_were_dropped_between_two_turns_cost_nothing(
    event: Any, make_bot: Any
) -> None:
    with FaultyServices(bedrock=[SHOWN, SHOWN]) as services:
        bot = make_bot(services)
        with settled(services):
            first, _ = run(bot, event)
            services.drop_connections()
            second, _ = run(bot, event)
        assert reply_of(first) == reply_of(second) == (WHOLE, "Fulfilled")
        assert services.shown == WHOLE + WHOLE
        assert services.count("bedrock") == 2


def test_an_endpoint_that_the_browser_names_is_never_contacted(event: Any, make_bot: Any) -> None:
    with FaultyServices() as hostile, FaultyServices(bedrock=[SHOWN]) as services:
        event["sessionState"]["sessionAttributes"] |= {
            "streamingEndpoint": hostile.streaming_endpoint,
            "streamingDynamoDbTable": "hostile-table",
        }
        with settled(services):
            run(make_bot(services), event)
        assert services.shown == WHOLE
        (look,) = services.calls("table")
        assert json.loads(look.body)["TableName"] == "sessions"
        assert hostile.connections == 0


def test_the_model_is_called_while_the_table_hangs(event: Any, make_bot: Any) -> None:
    with FaultyServices(table=[(asked(1), Row())], bedrock=[SHOWN]) as services:
        with settled(services):
            run(make_bot(services), event)
        # One look was enough: the model's call came before it was answered.
        assert services.count("table") == 1
        assert services.shown == WHOLE


def test_the_table_is_read_while_the_model_hangs(event: Any, make_bot: Any) -> None:
    with FaultyServices(bedrock=[[looks(1), *SHOWN]]) as services:
        with settled(services):
            response, _ = run(make_bot(services), event)
        assert reply_of(response) == (WHOLE, "Fulfilled")
        assert services.count("bedrock") == 1


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([ONE, HANG], id="silent after some text"),
        pytest.param([start_event(), HANG], id="silent after its first event"),
        pytest.param([ONE, TWO, shown, HANG], id="silent after it was shown"),
    ],
)
def test_at_the_deadline_the_models_stream_is_closed(
    event: Any, make_bot: Any, steps: list[Any]
) -> None:
    with FaultyServices(bedrock=[steps]) as services:
        with settled(services):
            run(make_bot(services, TURN_SECONDS="1"), event)
            assert services.wait_for(lambda services: services.has_left("bedrock"))
        assert services.count("bedrock") == 1


def test_a_stream_that_opens_after_the_deadline_is_closed(event: Any, make_bot: Any) -> None:
    returned = threading.Event()
    late: list[Any] = [returned, OPEN, HANG]
    with FaultyServices(bedrock=[late, late, late]) as services:
        with settled(services):
            run(make_bot(services, TURN_SECONDS="1"), event)
            returned.set()
            for index in range(services.count("bedrock")):
                assert services.wait_for(partial(_has_left, index=index))


def test_a_stream_that_opens_after_a_fresh_try_was_made_is_closed(
    event: Any, make_bot: Any
) -> None:
    late: list[Any] = [lambda services: services.shown == WHOLE, text_event("Too late."), HANG]
    with FaultyServices(bedrock=[late, SHOWN]) as services:
        with settled(services):
            response, _ = run(make_bot(services, FIRST_SIGN_SECONDS), event)
            assert services.wait_for(lambda services: services.has_left("bedrock"))
        assert reply_of(response) == (WHOLE, "Fulfilled")
        assert services.shown == WHOLE


def test_nothing_is_posted_once_the_turn_has_returned(event: Any, make_bot: Any) -> None:
    returned = threading.Event()
    bedrock: list[list[Any]] = [[ONE, shown, TWO, posts(3), THREE, HANG]]
    with FaultyServices(posts=[OK, OK, returned], bedrock=bedrock) as services:
        with settled(services) as join:
            response, _ = run(make_bot(services, TURN_SECONDS="1"), event)
            returned.set()
            join()
        # The post that was on its way arrives; the rest of its flush stays behind.
        assert services.count("post") == 3
        assert services.shown == (ONE + TWO)[:-1]


def test_a_reply_longer_than_lex_takes_is_cut_and_says_so(event: Any, make_bot: Any) -> None:
    with FaultyServices(bedrock=[[*LONG.splitlines(keepends=True), shown]]) as services:
        with settled(services):
            response, _ = run(make_bot(services), event)
        text, state = reply_of(response)
        kept, note = text.rsplit("\n\n", 1)
        assert note == WORDS.too_long
        assert LONG.startswith(kept)
        assert len(kept) > 20_000
        assert state == "Fulfilled"
        assert len(response["messages"]) <= 10
        assert len(json.dumps(response)) <= 24_000
        # The reader saw all of it.
        assert services.shown == LONG
        assert max(len(text.encode()) for _, text in services.frames) <= 32 * 1024


def test_a_long_reply_arrives_whole_in_several_messages(event: Any, make_bot: Any) -> None:
    written = LONG[:15_000].rpartition("\n\n")[0]
    with FaultyServices(bedrock=[[*written.splitlines(keepends=True)]]) as services:
        with settled(services):
            response, _ = run(make_bot(services), event)
        assert reply_of(response) == (written, "Fulfilled")
        assert len(response["messages"]) > 1


def test_html_is_shown_as_text(event: Any, make_bot: Any) -> None:
    with FaultyServices(bedrock=[["<img src=x onerror=alert(1)> ", shown, RESET]]) as services:
        with settled(services):
            response, _ = run(make_bot(services), event)
        text, _ = reply_of(response)
        assert text == f"&lt;img src=x onerror=alert(1)>\n\n{WORDS.interrupted}"
