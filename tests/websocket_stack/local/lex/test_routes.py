"""Lex Runtime V2 over HTTP, as boto3 speaks it."""

from __future__ import annotations

import base64
import gzip
import json
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.lex_locales import locale_of
from tests.stack_fixture import QUESTION, client, running_app, session
from tests.websocket_stack.local.fake_functions import FakeFunction
from tests.websocket_stack.local.handlers import close
from websocket_stack.local.aws_json import ServiceError, error_response
from websocket_stack.local.lex import routes as lex_routes
from websocket_stack.local.lex.service import LexRuntime

pytestmark = pytest.mark.slow

TEXT = "text/plain; charset=utf-8"


def app_of(lex: LexRuntime) -> Starlette:
    return Starlette(
        routes=[Route("/health", lambda request: Response()), *lex_routes.routes(lex)],
        exception_handlers={ServiceError: error_response},
    )


def packed(value: Any) -> str:
    """Return a value as boto3 takes it for ``sessionState`` and ``requestAttributes``."""
    return base64.b64encode(gzip.compress(json.dumps(value).encode())).decode()


def unpacked(header: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(header)))


# --- RecognizeText and sessions


def test_recognize_text(lex: Any) -> None:
    response = lex.recognize_text(
        **session("recognize-1"),
        text=QUESTION,
        sessionState={"sessionAttributes": {"mine": "kept"}},
        requestAttributes={"this": "turn"},
    )

    assert response["messages"][0]["content"].startswith("A lighthouse keeper trims the wick")
    assert response["messages"][0]["contentType"] == "CustomPayload"
    assert response["sessionId"] == "recognize-1"
    assert response["requestAttributes"] == {"this": "turn"}
    state = response["sessionState"]
    assert state["dialogAction"] == {"type": "Close"}
    assert state["intent"]["state"] == "Fulfilled"
    assert state["sessionAttributes"]["mine"] == "kept"
    assert response["interpretations"][0]["intent"]["name"] == "FallbackIntent"
    assert response["ResponseMetadata"]["RequestId"]


def test_a_session_is_read_and_deleted(odd_lex: Any) -> None:
    key = session("counting-1")
    for expected in ("1", "2"):
        response = odd_lex.recognize_text(**key, text="count")
        assert response["sessionState"]["sessionAttributes"] == {"count": expected}
    read = odd_lex.get_session(**key)
    assert read["sessionState"]["sessionAttributes"] == {"count": "2"}
    assert read["messages"] == [{"contentType": "PlainText", "content": "counted"}]

    deleted = odd_lex.delete_session(**key)
    assert {name: deleted[name] for name in key} == key
    response = odd_lex.recognize_text(**key, text="count")
    assert response["sessionState"]["sessionAttributes"] == {"count": "1"}


def test_a_session_is_put(odd_lex: Any) -> None:
    key = session("putting-1")
    message = {"contentType": "PlainText", "content": "Grüß Gott"}
    response = odd_lex.put_session(
        **key,
        messages=[message],
        sessionState={"sessionAttributes": {"count": "41"}},
        responseContentType=TEXT,
    )
    with response["audioStream"] as audio:
        assert audio.read() == b""
    assert response["contentType"] == TEXT
    assert response["sessionId"] == "putting-1"
    assert unpacked(response["messages"]) == [message]
    assert unpacked(response["sessionState"])["sessionAttributes"] == {"count": "41"}

    assert odd_lex.get_session(**key)["messages"] == [message]
    turn = odd_lex.recognize_text(**key, text="count")
    assert turn["sessionState"]["sessionAttributes"] == {"count": "42"}


def test_an_unknown_session_is_not_found(lex: Any) -> None:
    for call in (lex.get_session, lex.delete_session):
        with pytest.raises(lex.exceptions.ResourceNotFoundException) as refused:
            call(**session("unknown-1"))
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
        assert refused.value.response["Error"]["Message"] == "There is no such session"


def test_an_invalid_request_is_refused(lex: Any) -> None:
    with pytest.raises(lex.exceptions.ValidationException) as refused:
        lex.recognize_text(**session("invalid-1"), text="x" * 1025)
    assert refused.value.response["Error"]["Message"] == "text must have 1 to 1024 characters"


@pytest.mark.parametrize(
    ("utterance", "reason"),
    [
        ("raise", "Received error response from Lambda: Unhandled"),
        ("too much", "exceeds the maximum size"),
        ("nonsense", "sessionState is missing"),
    ],
)
def test_a_failed_lambda_is_a_failed_dependency(odd_lex: Any, utterance: str, reason: str) -> None:
    with pytest.raises(odd_lex.exceptions.DependencyFailedException) as failed:
        odd_lex.recognize_text(**session("failing-1"), text=utterance)
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 424
    message = failed.value.response["Error"]["Message"]
    assert message.startswith("Invalid Lambda Response: ") and reason in message
    assert "secret" not in message


def leave_to_lex(event: dict[str, Any]) -> Any:
    intent = event["sessionState"]["intent"]
    if event["invocationSource"] == "FulfillmentCodeHook":
        return close("Booked.")
    return {"sessionState": {"dialogAction": {"type": "Delegate"}, "intent": intent}}


@pytest.fixture(scope="module")
def booking_lex() -> Iterator[Any]:
    """A ``lexv2-runtime`` client of a Lex that books tables."""
    locale = locale_of("[Book]\nbook a table\n{Guests}: For how many?\n")
    lex = LexRuntime(FakeFunction(leave_to_lex), {"en_US": locale})
    with (
        running_app(app_of(lex)) as origin,
        closing(client("lexv2-runtime", origin)) as boto3_client,
    ):
        yield boto3_client


def test_boto3_reads_a_dialog(booking_lex: Any) -> None:
    key = session("dialog-1")
    first = booking_lex.recognize_text(**key, text="book a table")
    assert first["messages"][0]["content"] == "For how many?"
    action = {"type": "ElicitSlot", "slotToElicit": "Guests"}
    assert first["sessionState"]["dialogAction"] == action

    last = booking_lex.recognize_text(**key, text="five")
    assert last["messages"][0]["content"] == "Booked."
    assert last["sessionState"]["dialogAction"] == {"type": "Close"}


def test_boto3_reads_the_confidence_as_a_score(booking_lex: Any) -> None:
    key = session("dialog-2")
    response = booking_lex.recognize_text(**key, text="book a table")

    intent, fallback = response["interpretations"]
    assert (intent["intent"]["name"], intent["nluConfidence"]) == ("Book", {"score": 1.0})
    assert (fallback["intent"]["name"], fallback.get("nluConfidence")) == ("FallbackIntent", None)
    assert booking_lex.get_session(**key)["interpretations"] == response["interpretations"]


# --- RecognizeUtterance


def utter(lex: Any, session_id: str, utterance: bytes, **request: str) -> dict[str, Any]:
    """Send an utterance, as text unless the request names a type; return the response."""
    response: dict[str, Any] = lex.recognize_utterance(
        **session(session_id), inputStream=utterance, **({"requestContentType": TEXT} | request)
    )
    with response["audioStream"] as audio:
        assert audio.read() == b""
    return response


@pytest.mark.parametrize("text", ["Grüß Gott, こんにちは 👋", '"quoted" and\nbroken'])
def test_an_utterance_is_answered_as_a_text_is(odd_lex: Any, text: str) -> None:
    state = {"sessionAttributes": {"mine": "Grüße"}}
    attributes = {"this": "turn ☕"}
    uttered = utter(
        odd_lex,
        "utterance-1",
        text.encode(),
        sessionState=packed(state),
        requestAttributes=packed(attributes),
    )
    recognized = odd_lex.recognize_text(
        **session("utterance-2"), text=text, sessionState=state, requestAttributes=attributes
    )

    for name in ("messages", "interpretations", "requestAttributes"):
        assert unpacked(uttered[name]) == recognized[name]
    in_header, in_body = unpacked(uttered["sessionState"]), recognized["sessionState"]
    assert in_header.pop("originatingRequestId") != in_body.pop("originatingRequestId")
    assert in_header == in_body
    assert unpacked(uttered["messages"])[0]["content"] == text
    assert unpacked(uttered["inputTranscript"]) == text
    assert (uttered["inputMode"], uttered["sessionId"]) == ("Text", "utterance-1")


def test_an_utterance_continues_its_session(odd_lex: Any) -> None:
    for expected in ("1", "2"):
        response = utter(odd_lex, "utterance-3", b"count")
        assert unpacked(response["sessionState"])["sessionAttributes"] == {"count": expected}
    third = odd_lex.recognize_text(**session("utterance-3"), text="count")
    assert third["sessionState"]["sessionAttributes"] == {"count": "3"}


@pytest.mark.parametrize(
    ("request_", "content_type"), [({}, TEXT), ({"responseContentType": "audio/pcm"}, "audio/pcm")]
)
def test_a_reply_has_the_type_that_was_asked_for(
    odd_lex: Any, request_: dict[str, str], content_type: str
) -> None:
    assert utter(odd_lex, "utterance-4", b"hello", **request_)["contentType"] == content_type


def refusal(lex: Any, utterance: bytes, **request: str) -> str:
    with pytest.raises(lex.exceptions.ValidationException) as refused:
        utter(lex, "utterance-5", utterance, **request)
    message: str = refused.value.response["Error"]["Message"]
    return message


@pytest.mark.parametrize(
    "content_type",
    [
        "audio/l16; rate=16000; channels=1",
        "audio/lpcm; sample-rate=8000; sample-size-bits=16; channel-count=1; is-big-endian=false",
        "application/octet-stream",
    ],
)
def test_speech_is_refused_with_what_to_do(odd_lex: Any, content_type: str) -> None:
    for size in (0, 300_000):
        message = refusal(odd_lex, bytes(size), requestContentType=content_type)
        assert "understands no speech" in message
        assert f"requestContentType takes '{TEXT}'" in message


@pytest.mark.parametrize(
    ("utterance", "reason"),
    [
        (b"", "text must have 1 to 1024 characters"),
        (b"\xff\xfe", "inputStream is not UTF-8"),
    ],
)
def test_an_invalid_utterance_is_refused(odd_lex: Any, utterance: bytes, reason: str) -> None:
    assert refusal(odd_lex, utterance) == reason


WHOLE = base64.b64decode(packed({"sessionAttributes": {"a": "b"}}))


@pytest.mark.parametrize(
    "value",
    [
        "{}",
        "not base64!",
        base64.b64encode(b"{}").decode(),
        base64.b64encode(gzip.compress(b"not JSON")).decode(),
        base64.b64encode(gzip.compress(b"\xff")).decode(),
        base64.b64encode(gzip.compress(b"[" * 100_000)).decode(),
        base64.b64encode(WHOLE[:-9]).decode(),
        base64.b64encode(WHOLE[:10] + b"\xff" * 20).decode(),
        base64.b64encode(WHOLE[:-8] + b"\0" * 8).decode(),
    ],
    ids=range(9),
)
def test_a_broken_header_is_named(odd_lex: Any, value: str) -> None:
    for name, header in (
        ("sessionState", "x-amz-lex-session-state"),
        ("requestAttributes", "x-amz-lex-request-attributes"),
    ):
        message = refusal(odd_lex, b"hello", **{name: value})
        assert message == f"{header} is not JSON, compressed with gzip, in base64"


def test_what_is_packed_is_checked_as_in_a_body(odd_lex: Any) -> None:
    message = refusal(odd_lex, b"hello", sessionState=packed(["a"]))

    assert message == "sessionState is not an object"


def test_a_small_header_cannot_fill_the_memory() -> None:
    packed_spaces = base64.b64encode(gzip.compress(b" " * 100_000_000 + b"{}")).decode()
    path = "/bots/LOCALBOT01/botAliases/TSTALIASID/botLocales/en_US/sessions/bomb-1/utterance"
    headers = {"content-type": TEXT, "x-amz-lex-session-state": packed_spaces}
    with TestClient(app_of(LexRuntime(FakeFunction()))) as http:
        tracemalloc.start()
        try:
            response = http.post(path, content=b"hello", headers=headers)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert response.status_code == 400
    assert response.headers["x-amzn-ErrorType"] == "ValidationException"
    assert peak_bytes < 20_000_000
