"""Lex Runtime V2 as boto3 speaks it, on running stacks."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
from typing import Any

import pytest

from stack_fixture import QUESTION, session


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
    assert state["sessionAttributes"] == {"mine": "kept"}
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
