"""Lex Runtime V2 as boto3 speaks it, on running stacks."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import tracemalloc
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from stack_fixture import QUESTION, session
from websocket_stack.local.aws_json import ServiceError, error_response
from websocket_stack.local.lex import routes as operations
from websocket_stack.local.lex.service import LexRuntime


def text(response: dict[str, Any]) -> str:
    return "".join(message["content"] for message in response["messages"])


def test_recognize_text_is_answered_by_the_fulfillment(lex) -> None:
    response = lex.recognize_text(
        **session("recognize-1"),
        text=QUESTION,
        sessionState={"sessionAttributes": {"mine": "kept"}},
        requestAttributes={"this": "turn"},
    )

    assert text(response).startswith("A lighthouse keeper trims the wick")
    assert response["messages"][0]["contentType"] == "CustomPayload"
    assert response["sessionId"] == "recognize-1"
    assert response["requestAttributes"] == {"this": "turn"}
    state = response["sessionState"]
    assert state["dialogAction"] == {"type": "Close"}
    assert state["intent"]["state"] == "Fulfilled"
    assert state["sessionAttributes"]["mine"] == "kept"
    assert response["interpretations"][0]["intent"]["name"] == "FallbackIntent"
    assert response["ResponseMetadata"]["RequestId"]


def test_attributes_are_kept_until_the_session_is_deleted(odd_lex) -> None:
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


def test_put_session_sets_what_the_next_turn_finds(odd_lex) -> None:
    key = session("putting-1")
    message = {"contentType": "PlainText", "content": "Grüß Gott"}
    response = odd_lex.put_session(
        **key,
        messages=[message],
        sessionState={"sessionAttributes": {"count": "41"}},
        responseContentType="text/plain; charset=utf-8",
    )
    with response["audioStream"] as audio:
        assert audio.read() == b""
    assert response["contentType"] == "text/plain; charset=utf-8"
    assert response["sessionId"] == "putting-1"
    assert unpacked(response["messages"]) == [message]
    assert unpacked(response["sessionState"])["sessionAttributes"] == {"count": "41"}

    assert odd_lex.get_session(**key)["messages"] == [message]
    turn = odd_lex.recognize_text(**key, text="count")
    assert turn["sessionState"]["sessionAttributes"] == {"count": "42"}


def unpacked(header: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(header)))


@pytest.mark.parametrize("call", ["get_session", "delete_session"])
def test_an_unknown_session_is_not_found(lex, call) -> None:
    with pytest.raises(lex.exceptions.ResourceNotFoundException) as refused:
        getattr(lex, call)(**session("unknown-1"))
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert refused.value.response["Error"]["Message"] == "There is no such session"


def test_text_that_is_too_long_is_invalid(lex) -> None:
    with pytest.raises(lex.exceptions.ValidationException) as refused:
        lex.recognize_text(**session("invalid-1"), text="x" * 1025)
    assert refused.value.response["Error"]["Message"] == "text must have 1 to 1024 characters"


def test_a_session_id_that_lex_does_not_take_is_invalid(lex) -> None:
    with pytest.raises(lex.exceptions.ValidationException):
        lex.recognize_text(**session("not a session"), text="hello")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("raise", "Received error response from Lambda: Unhandled"),
        ("too much", "exceeds the maximum size"),
        ("nonsense", "sessionState is missing"),
    ],
)
def test_a_lambda_that_fails_is_a_failed_dependency(odd_lex, said, reason) -> None:
    with pytest.raises(odd_lex.exceptions.DependencyFailedException) as failed:
        odd_lex.recognize_text(**session("failing-1"), text=said)
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 424
    message = failed.value.response["Error"]["Message"]
    assert message.startswith("Invalid Lambda Response: ") and reason in message
    assert "secret" not in message


def test_the_session_outlives_a_failed_turn(odd_lex) -> None:
    key = session("failing-2")
    odd_lex.recognize_text(**key, text="count")
    with pytest.raises(odd_lex.exceptions.DependencyFailedException):
        odd_lex.recognize_text(**key, text="raise")
    response = odd_lex.recognize_text(**key, text="count")
    assert response["sessionState"]["sessionAttributes"] == {"count": "2"}


def test_text_of_any_script_comes_back_as_it_went(odd_lex) -> None:
    said = "Grüß Gott, こんにちは 👋"

    assert text(odd_lex.recognize_text(**session("script-1"), text=said)) == said


@pytest.mark.parametrize("body", [b"not JSON", b"[]", b'"text"', b"[" * 100_000, b"\xff"])
def test_a_body_that_is_no_json_object_is_invalid(odd_stack_url, body) -> None:
    path = "/bots/LOCALBOT01/botAliases/TSTALIASID/botLocales/en_US/sessions/body-1/text"
    connection = http.client.HTTPConnection(odd_stack_url.partition("://")[2], timeout=20)
    try:
        connection.request("POST", path, body)
        response = connection.getresponse()
        answer = json.loads(response.read())
    finally:
        connection.close()
    assert (response.status, response.headers["x-amzn-ErrorType"]) == (400, "ValidationException")
    assert answer == {"message": "The request body is not a JSON object."}


# --- RecognizeUtterance

TEXT = "text/plain; charset=utf-8"


def packed(value: Any) -> str:
    """Return what boto3 wants for sessionState and requestAttributes."""
    return base64.b64encode(gzip.compress(json.dumps(value).encode())).decode()


def utter(lex: Any, session_id: str, said: bytes, **request: str) -> dict[str, Any]:
    """Say something, as text unless told otherwise; returns the answer, read."""
    response: dict[str, Any] = lex.recognize_utterance(
        **session(session_id), inputStream=said, **({"requestContentType": TEXT} | request)
    )
    with response["audioStream"] as audio:
        assert audio.read() == b""
    return response


@pytest.mark.parametrize("said", ["hello", "Grüß Gott, こんにちは 👋", '"quoted" and\nbroken'])
def test_an_utterance_is_answered_as_the_same_text_is(odd_lex, said) -> None:
    state = {"sessionAttributes": {"mine": "Grüße"}}
    attributes = {"this": "turn ☕"}
    uttered = utter(
        odd_lex,
        "utterance-1",
        said.encode(),
        sessionState=packed(state),
        requestAttributes=packed(attributes),
    )
    recognized = odd_lex.recognize_text(
        **session("utterance-2"), text=said, sessionState=state, requestAttributes=attributes
    )

    for name in ("messages", "interpretations", "requestAttributes"):
        assert unpacked(uttered[name]) == recognized[name]
    in_header, in_body = unpacked(uttered["sessionState"]), recognized["sessionState"]
    assert in_header.pop("originatingRequestId") != in_body.pop("originatingRequestId")
    assert in_header == in_body
    assert unpacked(uttered["messages"])[0]["content"] == said
    assert unpacked(uttered["inputTranscript"]) == said
    assert (uttered["inputMode"], uttered["sessionId"]) == ("Text", "utterance-1")


def test_an_utterance_needs_no_state_and_continues_its_session(odd_lex) -> None:
    for expected in ("1", "2"):
        response = utter(odd_lex, "utterance-3", b"count")
        assert unpacked(response["sessionState"])["sessionAttributes"] == {"count": expected}
    third = odd_lex.recognize_text(**session("utterance-3"), text="count")
    assert third["sessionState"]["sessionAttributes"] == {"count": "3"}


@pytest.mark.parametrize(
    ("asked", "content_type"), [({}, TEXT), ({"responseContentType": "audio/pcm"}, "audio/pcm")]
)
def test_an_answer_is_of_the_type_that_was_asked_for(odd_lex, asked, content_type) -> None:
    assert utter(odd_lex, "utterance-4", b"hello", **asked)["contentType"] == content_type


def invalid(lex: Any, said: bytes, **request: str) -> str:
    with pytest.raises(lex.exceptions.ValidationException) as refused:
        utter(lex, "utterance-5", said, **request)
    message: str = refused.value.response["Error"]["Message"]
    return message


@pytest.mark.parametrize("bytes_", [0, 16, 300_000])
@pytest.mark.parametrize(
    "content_type",
    [
        "audio/l16; rate=16000; channels=1",
        "audio/x-l16; sample-rate=16000; channel-count=1",
        "audio/lpcm; sample-rate=8000; sample-size-bits=16; channel-count=1; is-big-endian=false",
        "application/octet-stream",
    ],
)
def test_speech_is_refused_with_what_to_do(odd_lex, content_type, bytes_) -> None:
    message = invalid(odd_lex, bytes(bytes_), requestContentType=content_type)

    assert "understands no speech" in message
    assert f"requestContentType takes '{TEXT}'" in message


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", "text must have 1 to 1024 characters"),
        (b"x" * 1025, "text must have 1 to 1024 characters"),
        (b"\xff\xfe", "inputStream is not UTF-8"),
    ],
)
def test_an_utterance_that_is_no_text_of_some_length_is_invalid(odd_lex, said, reason) -> None:
    assert invalid(odd_lex, said) == reason


def test_characters_are_counted_and_not_bytes(odd_lex) -> None:
    response = utter(odd_lex, "utterance-6", ("ü" * 1024).encode())
    assert unpacked(response["messages"])[0]["content"] == "ü" * 1024


WHOLE = base64.b64decode(packed({"sessionAttributes": {"a": "b"}}))


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("sessionState", "x-amz-lex-session-state"),
        ("requestAttributes", "x-amz-lex-request-attributes"),
    ],
)
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
def test_a_header_that_is_packed_in_another_way_is_named(odd_lex, name, header, value) -> None:
    message = invalid(odd_lex, b"hello", **{name: value})
    assert message == f"{header} is not JSON, compressed with gzip, in base64"


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"sessionState": packed(["a"])}, "sessionState is not an object"),
        (
            {"sessionState": packed({"sessionAttributes": {"a": 1}})},
            "sessionAttributes is not a map of strings",
        ),
        ({"requestAttributes": packed({"a": 1})}, "requestAttributes is not a map of strings"),
    ],
)
def test_what_is_packed_is_checked_as_it_is_in_a_body(odd_lex, request_, reason) -> None:
    assert invalid(odd_lex, b"hello", **request_) == reason


def test_a_small_header_cannot_fill_the_memory() -> None:
    packed_spaces = base64.b64encode(gzip.compress(b" " * 100_000_000 + b"{}")).decode()
    app = Starlette(
        routes=operations.routes(LexRuntime(None)),  # type: ignore[arg-type]
        exception_handlers={ServiceError: error_response},
    )
    path = "/bots/LOCALBOT01/botAliases/TSTALIASID/botLocales/en_US/sessions/bomb-1/utterance"
    headers = {"content-type": TEXT, "x-amz-lex-session-state": packed_spaces}
    with TestClient(app) as made:
        tracemalloc.start()
        try:
            response = made.post(path, content=b"hello", headers=headers)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert (response.status_code, response.headers["x-amzn-ErrorType"]) == (
        400,
        "ValidationException",
    )
    assert peak_bytes < 20_000_000
