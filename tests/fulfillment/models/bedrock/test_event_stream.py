import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import urllib3
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from fulfillment.errors import ModelInterrupted, ModelRejected, ModelUnavailable
from fulfillment.models.base import Completion, StopReason
from fulfillment.models.bedrock.event_stream import BedrockStream
from tests import aws_stub
from tests.fulfillment.models.stream_server import read, serving
from websocket_stack.local.bedrock.event_stream import event, exception

START = event("messageStart", {"role": "assistant"})
STOP = event("messageStop", {"stopReason": "end_turn"})


def text(chunk: str) -> bytes:
    return event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": chunk}})


class Deltas:
    """Decodes text deltas; complete at the stop, and at the end if that is to be trusted."""

    def __init__(self, *, trusting: bool = False) -> None:
        self._trusting = trusting
        self.completion: Completion | None = None

    def decode(self, event: Mapping[str, Any]) -> str:
        if "messageStop" in event:
            self.completion = Completion("m", StopReason.END_TURN)
        delta: str = event.get("contentBlockDelta", {}).get("delta", {}).get("text", "")
        return delta

    def flush(self) -> str:
        if not self._trusting:
            return ""
        self.completion = Completion("m", StopReason.END_TURN)
        return "."


def call(client: Any) -> Any:
    messages = [{"role": "user", "content": [{"text": "Hi"}]}]
    return client.converse_stream(modelId="m", messages=messages)["stream"]


def ask(reply: aws_stub.Reply, *, trusting: bool = False) -> tuple[BedrockStream, list[Any]]:
    client, sent = aws_stub.client("bedrock-runtime", reply)
    return BedrockStream(lambda: call(client), Deltas(trusting=trusting)), sent


def test_an_event_without_text_is_a_sign_of_life() -> None:
    answer, _ = ask(aws_stub.streamed(START, text("Hel"), text("lo"), STOP))
    assert list(answer) == ["", "Hel", "lo", ""]
    assert answer.completion == Completion("m", StopReason.END_TURN)


def test_the_call_starts_when_it_is_read() -> None:
    answer, sent = ask(aws_stub.streamed(STOP))
    assert sent == []
    list(answer)
    assert len(sent) == 1


def test_the_rest_comes_when_the_body_has_ended() -> None:
    answer, _ = ask(aws_stub.streamed(text("a")), trusting=True)
    assert list(answer) == ["a", "."]
    assert answer.completion == Completion("m", StopReason.END_TURN)


def test_a_body_that_merely_ends_is_not_complete() -> None:
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
def test_what_breaks_before_any_text_may_be_retried(broken: bytes | Exception) -> None:
    answer, _ = ask(aws_stub.streamed(START, broken))
    written, error = read(answer)
    assert (written, type(error)) == ("", ModelUnavailable)


@pytest.mark.parametrize("error", [KeyError("delta"), ValueError("secret")])
def test_what_cannot_be_decoded_breaks_the_stream(error: Exception) -> None:
    class Broken(Deltas):
        def decode(self, event: Mapping[str, Any]) -> str:
            raise error

    client, _ = aws_stub.client("bedrock-runtime", aws_stub.streamed(START))
    written, failure = read(BedrockStream(lambda: call(client), Broken()))
    assert (written, type(failure)) == ("", ModelUnavailable)
    assert "secret" not in str(failure)


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
def test_a_refused_call_says_if_a_retry_may_help(reply: aws_stub.Reply, expected: type) -> None:
    answer, _ = ask(reply)
    written, error = read(answer)
    assert (written, type(error)) == ("", expected)
    assert "quotes" not in str(error)


def test_a_request_that_botocore_refuses_is_rejected() -> None:
    client, _ = aws_stub.client("bedrock-runtime")
    answer = BedrockStream(lambda: client.converse_stream(modelId=3), Deltas())
    assert type(read(answer)[1]) is ModelRejected


# --- closing


def test_a_stream_closed_early_makes_no_call() -> None:
    answer, sent = ask(aws_stub.streamed(text("no"), STOP))
    answer.close()
    assert list(answer) == []
    assert sent == []


def test_a_stream_closed_in_its_call_reads_nothing() -> None:
    body = aws_stub.RawBody([text("no"), STOP])
    client, _ = aws_stub.client("bedrock-runtime", lambda request: respond(body))

    def closing() -> Any:
        stream = call(client)
        answer.close()
        return stream

    answer = BedrockStream(closing, Deltas())
    assert list(answer) == []
    assert body.closed


@pytest.mark.parametrize("buffered", [[], [text("no"), STOP]])
def test_a_stream_closed_on_the_way_yields_no_more(buffered: list[bytes]) -> None:
    def pieces() -> Iterator[bytes]:
        yield text("a")
        answer.close()
        yield from buffered

    body = aws_stub.RawBody(pieces())
    answer, _ = ask(lambda request: respond(body), trusting=True)
    assert list(answer) == ["a"]
    assert answer.completion is None
    assert body.closed


def test_a_stream_that_is_left_is_closed() -> None:
    body = aws_stub.RawBody([text("a"), text("b"), STOP])
    answer, _ = ask(lambda request: respond(body))
    chunks = iter(answer)
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert body.closed


def respond(body: aws_stub.RawBody) -> AWSResponse:
    headers = {"Content-Type": "application/vnd.amazon.eventstream"}
    return aws_stub.response("https://x", 200, headers, body)


def test_closing_ends_a_read_that_blocks() -> None:
    gate = threading.Event()
    with serving("bedrock-runtime", text("a"), gate, text("no"), STOP) as served:
        answer = BedrockStream(lambda: call(served.client), Deltas(trusting=True))
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


def test_closing_what_has_ended_does_nothing() -> None:
    with serving("bedrock-runtime", text("all"), STOP) as served:
        answer = BedrockStream(lambda: call(served.client), Deltas())
        assert read(answer) == ("all", None)
        answer.close()
    assert answer.completion == Completion("m", StopReason.END_TURN)
    stubbed, _ = ask(aws_stub.streamed(STOP))
    list(stubbed)
    stubbed.close()


# --- what a connection tells


def test_a_whole_http_body_is_a_complete_answer() -> None:
    with serving("bedrock-runtime", text("all")) as served:
        answer = BedrockStream(lambda: call(served.client), Deltas(trusting=True))
        assert read(answer) == ("all.", None)


@pytest.mark.parametrize("piece", [text("cut"), text("cut") + text("short")[:-7]])
def test_a_broken_connection_is_no_end(piece: bytes) -> None:
    with serving("bedrock-runtime", piece, cut=True) as served:
        answer = BedrockStream(lambda: call(served.client), Deltas(trusting=True))
        written, error = read(answer)
    assert (written, type(error)) == ("cut", ModelInterrupted)
    assert answer.completion is None
