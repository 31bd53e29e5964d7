import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from stream_server import read, serving

import aws_stub
from fulfillment.errors import ModelInterrupted, ModelRejected, ModelUnavailable
from fulfillment.models.base import Completion
from fulfillment.models.bedrock.event_stream import EventStreamAnswer
from websocket_stack.local.bedrock.event_stream import event, exception

START = event("messageStart", {"role": "assistant"})
STOP = event("messageStop", {"stopReason": "end_turn"})


def text(chunk: str) -> bytes:
    return event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": chunk}})


class Deltas:
    """Reads text deltas; complete at the stop, and at the end if that is to be trusted."""

    def __init__(self, *, trusting: bool = False) -> None:
        self._trusting = trusting
        self.completion: Completion | None = None

    def read(self, event: Mapping[str, Any]) -> str:
        if "messageStop" in event:
            self.completion = Completion("m", event["messageStop"]["stopReason"])
        delta: str = event.get("contentBlockDelta", {}).get("delta", {}).get("text", "")
        return delta

    def end(self) -> str:
        if not self._trusting:
            return ""
        self.completion = Completion("m", "end_turn")
        return "."


def call(client: Any) -> Any:
    messages = [{"role": "user", "content": [{"text": "Hi"}]}]
    return client.converse_stream(modelId="m", messages=messages)["stream"]


def ask(reply: aws_stub.Reply, *, trusting: bool = False) -> tuple[EventStreamAnswer, list[Any]]:
    client, sent = aws_stub.client("bedrock-runtime", reply)
    return EventStreamAnswer(lambda: call(client), Deltas(trusting=trusting)), sent


def test_what_the_reading_gives_is_yielded_and_what_is_empty_is_a_sign_of_life() -> None:
    answer, _ = ask(aws_stub.streamed(START, text("Hel"), text("lo"), STOP))
    assert list(answer) == ["", "Hel", "lo", ""]
    assert answer.completion == Completion("m", "end_turn")


def test_the_call_starts_with_the_first_chunk_asked_for() -> None:
    answer, sent = ask(aws_stub.streamed(STOP))
    assert sent == []
    list(answer)
    assert len(sent) == 1


def test_the_rest_is_yielded_when_the_body_has_ended_well() -> None:
    answer, _ = ask(aws_stub.streamed(text("a")), trusting=True)
    assert list(answer) == ["a", "."]
    assert answer.completion == Completion("m", "end_turn")


def test_a_body_that_merely_ends_is_not_complete_unless_the_reading_trusts_it() -> None:
    answer, _ = ask(aws_stub.streamed(START, text("some")))
    written, error = read(answer)
    assert (written, type(error)) == ("some", ModelInterrupted)
    answer, _ = ask(aws_stub.streamed(START))
    assert type(read(answer)[1]) is ModelUnavailable


BROKEN = [
    exception("throttlingException", "quotes the prompt"),
    exception("modelStreamErrorException", "broke", originalStatusCode=500),
    exception("modelTimeoutException", "a name that the union does not have"),
    urllib3.exceptions.ProtocolError("Response ended prematurely"),
    urllib3.exceptions.ReadTimeoutError(None, None, "Read timed out."),  # type: ignore[arg-type]
    ConnectionResetError(104, "reset"),
    text("x")[:-1] + b"\x00",
]


@pytest.mark.parametrize("broken", BROKEN)
def test_what_breaks_a_stream_keeps_the_text_so_far(broken: bytes | Exception) -> None:
    answer, _ = ask(aws_stub.streamed(text("so far"), broken), trusting=True)
    written, error = read(answer)
    assert (written, type(error)) == ("so far", ModelInterrupted)
    assert "quotes" not in str(error)
    assert answer.completion is None


@pytest.mark.parametrize("broken", BROKEN)
def test_what_breaks_before_the_first_text_may_be_tried_again(broken: bytes | Exception) -> None:
    answer, _ = ask(aws_stub.streamed(START, broken))
    written, error = read(answer)
    assert (written, type(error)) == ("", ModelUnavailable)


@pytest.mark.parametrize("broken", BROKEN)
def test_what_breaks_a_complete_answer_is_no_matter(broken: bytes | Exception) -> None:
    answer, _ = ask(aws_stub.streamed(text("all"), STOP, broken))
    assert read(answer) == ("all", None)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (aws_stub.refused(429, "ThrottlingException"), ModelUnavailable),
        (aws_stub.refused(503, "ServiceUnavailableException"), ModelUnavailable),
        (aws_stub.refused(400, "ServiceQuotaExceededException"), ModelUnavailable),
        (aws_stub.refused(409, "ConflictException"), ModelUnavailable),
        (aws_stub.refused(400, "ValidationException", "quotes the prompt"), ModelRejected),
        (aws_stub.refused(403, "AccessDeniedException"), ModelRejected),
        (aws_stub.refused(404, "ResourceNotFoundException"), ModelRejected),
        (aws_stub.raised(ReadTimeoutError(endpoint_url="https://x")), ModelUnavailable),
        (aws_stub.raised(ConnectionClosedError(endpoint_url="https://x")), ModelUnavailable),
    ],
)
def test_a_refused_call_says_whether_another_try_may_help(
    reply: aws_stub.Reply, expected: type
) -> None:
    answer, _ = ask(reply)
    written, error = read(answer)
    assert (written, type(error)) == ("", expected)
    assert "quotes" not in str(error)


def test_a_request_that_botocore_refuses_is_rejected() -> None:
    client, _ = aws_stub.client("bedrock-runtime")
    answer = EventStreamAnswer(lambda: client.converse_stream(modelId=3), Deltas())
    assert type(read(answer)[1]) is ModelRejected


# --- closing


def test_an_answer_closed_before_it_began_calls_nobody() -> None:
    answer, sent = ask(aws_stub.streamed(text("no"), STOP))
    answer.close()
    assert list(answer) == []
    assert sent == []


def test_an_answer_closed_while_the_call_is_under_way_reads_nothing() -> None:
    body = aws_stub.RawBody([text("no"), STOP])
    client, _ = aws_stub.client("bedrock-runtime", lambda request: respond(body))

    def closing() -> Any:
        stream = call(client)
        answer.close()
        return stream

    answer = EventStreamAnswer(closing, Deltas())
    assert list(answer) == []
    assert body.closed


@pytest.mark.parametrize("buffered", [[], [text("no"), STOP]])
def test_an_answer_closed_on_the_way_gives_nothing_more(buffered: list[bytes]) -> None:
    def pieces() -> Iterator[bytes]:
        yield text("a")
        answer.close()
        yield from buffered

    body = aws_stub.RawBody(pieces())
    answer, _ = ask(lambda request: respond(body), trusting=True)
    assert list(answer) == ["a"]
    assert answer.completion is None
    assert body.closed


def test_an_answer_left_early_closes_its_stream() -> None:
    body = aws_stub.RawBody([text("a"), text("b"), STOP])
    answer, _ = ask(lambda request: respond(body))
    chunks = iter(answer)
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert body.closed


def respond(body: aws_stub.RawBody) -> aws_stub.AWSResponse:
    headers = {"Content-Type": "application/vnd.amazon.eventstream"}
    return aws_stub.AWSResponse("https://x", 200, headers, body)


def test_closing_from_another_thread_ends_a_read_that_blocks() -> None:
    gate = threading.Event()
    with serving("bedrock-runtime", text("a"), gate, text("no"), STOP) as served:
        answer = EventStreamAnswer(lambda: call(served.client), Deltas(trusting=True))
        chunks = iter(answer)
        first = next(chunks)
        outcome: list[Any] = []
        reader = threading.Thread(target=lambda: outcome.append(read(chunks)))
        reader.start()
        answer.close()
        reader.join(5)
        gate.set()
    assert first == "a"
    assert outcome == [("", None)]
    assert answer.completion is None


def test_closing_an_answer_that_has_ended_does_nothing() -> None:
    with serving("bedrock-runtime", text("all"), STOP) as served:
        answer = EventStreamAnswer(lambda: call(served.client), Deltas())
        assert read(answer) == ("all", None)
        answer.close()
    assert answer.completion == Completion("m", "end_turn")
    stubbed, _ = ask(aws_stub.streamed(STOP))
    list(stubbed)
    stubbed.close()


# --- what a connection tells


def test_a_whole_http_body_is_a_complete_answer() -> None:
    with serving("bedrock-runtime", text("all")) as served:
        answer = EventStreamAnswer(lambda: call(served.client), Deltas(trusting=True))
        assert read(answer) == ("all.", None)


@pytest.mark.parametrize("piece", [text("cut"), text("cut") + text("short")[:-7]])
def test_a_connection_that_breaks_is_told_from_a_body_that_ends(piece: bytes) -> None:
    with serving("bedrock-runtime", piece, cut=True) as served:
        answer = EventStreamAnswer(lambda: call(served.client), Deltas(trusting=True))
        written, error = read(answer)
    assert (written, type(error)) == ("cut", ModelInterrupted)
    assert answer.completion is None
