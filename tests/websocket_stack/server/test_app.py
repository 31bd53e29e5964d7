"""The chat server over real sockets, with the protocols' own exchanges."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from fulfillment.errors import ModelInterrupted, ModelUnavailable
from fulfillment.notices import Notices
from tests.websocket_stack.server.chat_servers import (
    QUICK,
    SECONDS,
    eventually,
    receive_json,
    receive_until,
    running,
)
from websocket_stack.server.limits import Limits
from websocket_stack.server.sign_in import KnownTokens

pytestmark = pytest.mark.slow

CHAT = "chat-0123456789abcdef"
TOKEN = "t" * 32


def send(request: Any, text: Any = "hi", chat: Any = CHAT, **fields: Any) -> Any:
    message = {"id": "m", "role": "user", "parts": [{"type": "text", "text": text}]}
    frame = {"type": "send", "requestId": request, "id": chat, "trigger": "submit-message"}
    return json.dumps(frame | {"messages": [message], "headers": {}, "body": {}} | fields)


def resume(request: Any, last: Any = None, chat: Any = CHAT) -> Any:
    frame = {"type": "resume", "requestId": request, "id": chat, "headers": {}, "body": {}}
    return json.dumps(frame | ({} if last is None else {"lastSequence": last}))


def is_end(frame: Any) -> Any:
    return frame["type"] in ("end", "error", "no-active", "auth_error")


def text_of(frames: Any) -> Any:
    chunks = [frame["chunk"] for frame in frames if frame["type"] == "chunk"]
    return "".join(chunk.get("delta", "") for chunk in chunks)


def http(server: Any, path: Any) -> Any:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}") as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as exc:
        return exc.code, exc.read().decode()


# --- {"id", "text"}


def numbered(socket: Any, number: Any) -> Any:
    """Return the texts of an answer: it begins and ends with an empty one."""
    frames = [receive_json(socket)]
    while len(frames) < 2 or frames[-1]["text"]:
        frames.append(receive_json(socket))
    assert {frame["id"] for frame in frames} == {number}
    assert frames[0]["text"] == ""
    return [frame["text"] for frame in frames[1:-1]]


@pytest.fixture(scope="module")
def hello() -> Iterator[Any]:
    with running() as server:
        yield server


def test_a_numbered_question_is_answered(hello: Any) -> None:
    with hello.connect() as socket:
        socket.send('{"id":0,"text":"hi"}')
        assert "".join(numbered(socket, 0)) == "Hello world!"


def test_frames_are_written_as_the_original_does(hello: Any) -> None:
    with hello.connect() as socket:
        socket.send('{"id":"7","text":"hi","more":1}')
        assert socket.recv(SECONDS) == '{"id":7,"text":""}'


def test_five_questions_at_once_each_get_their_answer() -> None:
    go_on = threading.Event()
    with running(lambda utterance: [go_on, *f"About {utterance}."]) as server:
        with server.connect() as socket:
            for number in range(5):
                socket.send(json.dumps({"id": number, "text": f"thing {number}"}))
            openings = [receive_json(socket) for _ in range(5)]
            assert openings == [{"id": number, "text": ""} for number in range(5)]
            go_on.set()
            texts, ended = dict.fromkeys(range(5), ""), set[Any]()
            while len(ended) < 5:
                frame = receive_json(socket)
                texts[frame["id"]] += frame["text"]
                if not frame["text"]:
                    ended.add(frame["id"])
    assert texts == {number: f"About thing {number}." for number in range(5)}


@pytest.mark.parametrize("message", ['{"id":0}', "[1", "no json"])
def test_what_is_no_numbered_question_closes_the_socket(hello: Any, message: str) -> None:
    with hello.connect() as socket:
        socket.send('{"id":0,"text":"hi"}')
        numbered(socket, 0)
        socket.send(message)
        with pytest.raises(ConnectionClosed):
            socket.recv(SECONDS)
        assert socket.close_code == 1003


def test_a_binary_message_closes_the_socket(hello: Any) -> None:
    with hello.connect() as socket:
        socket.send(b"hi")
        with pytest.raises(ConnectionClosed):
            socket.recv(SECONDS)
        assert socket.close_code == 1003


def test_a_model_error_is_told() -> None:
    with running(lambda utterance: [ModelUnavailable("down")]) as server:
        with server.connect() as socket:
            socket.send('{"id":0,"text":"hi"}')
            assert numbered(socket, 0) == [Notices().failed]


def test_an_error_after_text_is_told_behind_it() -> None:
    with running(lambda utterance: ["Well", ModelInterrupted("cut")]) as server:
        with server.connect() as socket:
            socket.send('{"id":0,"text":"hi"}')
            assert "".join(numbered(socket, 0)) == f"Well\n\n{Notices().interrupted}"


def test_a_socket_that_closes_stops_what_nobody_can_read() -> None:
    with running(lambda utterance: ["Well", threading.Event()]) as server:
        with server.connect() as socket:
            socket.send('{"id":0,"text":"hi"}')
            assert receive_json(socket)
        eventually(lambda: server.source.closed == [True])


def test_a_socket_remembers_its_conversation(hello: Any) -> None:
    with hello.connect() as socket:
        for number in range(2):
            socket.send(json.dumps({"id": number, "text": f"question {number}"}))
            numbered(socket, number)
    earlier = hello.source.questions[-1].earlier
    assert [(each.utterance, each.reply) for each in earlier] == [("question 0", "Hello world!")]
    with hello.connect() as socket:
        socket.send('{"id":0,"text":"hi"}')
        numbered(socket, 0)
    assert not hello.source.questions[-1].earlier


# --- plain text


def test_plain_text_is_answered(hello: Any) -> None:
    with hello.connect() as socket:
        socket.send("hi")
        frames = [socket.recv(SECONDS)]
        while not frames[-1].endswith("!"):
            frames.append(socket.recv(SECONDS))
    assert frames[0] == "|"
    assert "".join(frames[1:]) == "Hello world!"


def test_plain_answers_come_in_the_order_of_the_questions() -> None:
    first = threading.Event()

    def script(utterance: Any) -> Any:
        return [first, "one."] if utterance == "1" else ["two."]

    with running(script) as server, server.connect() as socket:
        socket.send("1")
        socket.send("2")
        assert socket.recv(SECONDS) == "|"
        eventually(lambda: server.source.closed == [False])  # the second is there already
        first.set()
        assert [socket.recv(SECONDS) for _ in range(3)] == ["one.", "|", "two."]


def test_no_character_of_a_reply_is_a_mark() -> None:
    table = ["and", "/", "or", "|", " done", "|"]
    with running(lambda utterance: table) as server, server.connect() as socket:
        for _ in range(2):
            socket.send("hi")
            assert socket.recv(SECONDS) == "|"
            text = ""
            while "done" not in text or text.count("|") < 2:
                frame = str(socket.recv(SECONDS))
                assert frame != "|"
                text += frame
            assert text.strip() == "".join(table)


# --- the AI SDK


def test_an_ai_sdk_request_is_streamed(hello: Any) -> None:
    with hello.connect() as socket:
        socket.send(send("request-0123456789"))
        frames = receive_until(socket, is_end)
    assert frames[0] == {"type": "start", "requestId": "request-0123456789"}
    sequences = [frame["sequence"] for frame in frames if frame["type"] == "chunk"]
    assert sequences == list(range(len(sequences)))
    assert text_of(frames) == "Hello world!"
    usage = {"input_tokens": 3, "output_tokens": 5, "estimated": False}
    assert (frames[-1]["type"], frames[-1]["usage"]) == ("end", usage)


def test_a_request_that_comes_twice_is_asked_once(hello: Any) -> None:
    before = len(hello.source.questions)
    for _ in range(2):
        with hello.connect() as socket:
            socket.send(send("request-twice-0123456"))
            assert text_of(receive_until(socket, is_end)) == "Hello world!"
    assert len(hello.source.questions) == before + 1


def test_a_cut_socket_is_resumed_where_it_was() -> None:
    go_on = threading.Event()
    with running(lambda utterance: ["Hello", " world", go_on, "!"]) as server:
        with server.connect() as socket:
            socket.send(send("request-cut-0123456789"))
            first = receive_until(socket, lambda frame: "Hello" in text_of([frame]))
        with server.connect() as socket:
            socket.send(resume("again", first[-1]["sequence"]))
            go_on.set()
            rest = receive_until(socket, is_end)
    assert text_of(first) + text_of(rest) == "Hello world!"
    assert rest[0] == {"type": "start", "requestId": "again"}
    assert server.source.closed == [False]


def test_what_has_ended_is_resumed_whole(hello: Any) -> None:
    with hello.connect() as socket:
        socket.send(send("request-whole-012345", chat="chat-whole-0123456789"))
        receive_until(socket, is_end)
        socket.send(resume("again", chat="chat-whole-0123456789"))
        assert text_of(receive_until(socket, is_end)) == "Hello world!"


def test_an_unknown_chat_is_not_active(hello: Any) -> None:
    with hello.connect() as socket:
        socket.send(resume("again", chat="chat-unknown-0123456789"))
        assert receive_json(socket) == {"type": "no-active", "requestId": "again"}


def test_a_gap_is_told(hello: Any) -> None:
    with hello.connect() as socket:
        socket.send(send("request-gap-0123456", chat="chat-gap-0123456789"))
        receive_until(socket, is_end)
        socket.send(resume("again", 1000, chat="chat-gap-0123456789"))
        assert receive_until(socket, is_end)[-1]["type"] == "error"


def test_a_run_is_stopped_from_another_tab() -> None:
    with running(lambda utterance: ["Hello", threading.Event()]) as server:
        with server.connect() as reader, server.connect() as stopper:
            reader.send(send("request-stop-0123456789"))
            receive_until(reader, lambda frame: text_of([frame]) == "Hello")
            stopper.send('{"type":"abort","requestId":"request-stop-0123456789"}')
            end = receive_until(reader, is_end)[-1]
    assert (end["type"], end["outcome"]) == ("end", "cancelled")
    assert end["usage"]["estimated"] is True
    assert server.source.closed == [True]


def test_a_run_without_a_reader_ends_after_a_while() -> None:
    settings = QUICK._replace(detach_seconds=0.05)
    with running(lambda utterance: ["Hello", threading.Event()], settings=settings) as server:
        with server.connect() as socket:
            socket.send(send("request-left-0123456789"))
            receive_json(socket)
        eventually(lambda: server.source.closed == [True])


def test_two_tabs_read_one_run() -> None:
    go_on = threading.Event()
    with running(lambda utterance: ["Hello", go_on, "!"]) as server:
        with server.connect() as first, server.connect() as second:
            first.send(send("request-tabs-0123456789"))
            receive_until(first, lambda frame: text_of([frame]) == "Hello")
            second.send(resume("again"))
            receive_until(second, lambda frame: text_of([frame]) == "Hello")
            go_on.set()
            assert text_of(receive_until(first, is_end)) == "!"
            assert text_of(receive_until(second, is_end)) == "!"


def test_a_name_that_can_be_guessed_is_its_sockets_own(hello: Any) -> None:
    with hello.connect() as socket:
        socket.send(send("short", chat="chat"))
        receive_until(socket, is_end)
        socket.send(resume("again", chat="chat"))
        assert receive_until(socket, is_end)[-1]["type"] == "end"
    with hello.connect() as socket:
        socket.send(resume("again", chat="chat"))
        assert receive_json(socket)["type"] == "no-active"


# --- AG-UI


def ag_ui(run: Any, text: Any = "hi") -> Any:
    messages = [{"id": "m", "role": "user", "content": text}]
    return json.dumps({"threadId": "thread-0123456789", "runId": run, "messages": messages})


def is_ag_ui_end(frame: Any) -> Any:
    return frame["chunk"]["type"] in ("RUN_FINISHED", "RUN_ERROR")


def deltas(frames: Any) -> Any:
    return "".join(frame["chunk"].get("delta", "") for frame in frames)


def test_an_ag_ui_run_is_streamed(hello: Any) -> None:
    with hello.connect("?runId=run-0123456789abc") as socket:
        socket.send(ag_ui("run-0123456789abc"))
        frames = receive_until(socket, is_ag_ui_end)
    types = [frame["chunk"]["type"] for frame in frames]
    assert types[:2] == ["RUN_STARTED", "TEXT_MESSAGE_START"]
    assert types[-2:] == ["TEXT_MESSAGE_END", "RUN_FINISHED"]
    assert deltas(frames) == "Hello world!"
    assert len({frame["id"] for frame in frames}) == len(frames)


def test_an_ag_ui_run_is_resumed_by_its_address() -> None:
    go_on = threading.Event()
    with running(lambda utterance: ["Hello", " world", go_on, "!"]) as server:
        with server.connect() as socket:
            socket.send(ag_ui("run-resume-0123456789"))
            first = receive_until(socket, lambda frame: "Hello" in deltas([frame]))
        offset = first[-1]["id"]
        with server.connect(f"?runId=run-resume-0123456789&offset={offset}") as socket:
            go_on.set()
            rest = receive_until(socket, is_ag_ui_end)
            with pytest.raises(ConnectionClosed):
                socket.recv(SECONDS)
            assert socket.close_code == 1000
    assert deltas(first) + deltas(rest) == "Hello world!"


def test_there_is_nothing_to_resume(hello: Any) -> None:
    with hello.connect("?runId=run-unknown-0123456789&offset=-1") as socket:
        with pytest.raises(ConnectionClosed):
            socket.recv(SECONDS)
        assert socket.close_code == 1008


def test_an_ag_ui_run_is_aborted() -> None:
    """Its other readers are told the end; who aborts it has left it."""
    script: dict[str, list[Any]] = {"hi": ["Hello", threading.Event()], "more": ["More."]}
    with running(script.__getitem__) as server:
        with server.connect() as socket, server.connect() as other:
            socket.send(ag_ui("run-abort-0123456789"))
            receive_until(socket, lambda frame: deltas([frame]) == "Hello")
            other.send(ag_ui("run-abort-0123456789"))
            receive_until(other, lambda frame: deltas([frame]) == "Hello")
            socket.send('{"type":"abort","runId":"run-abort-0123456789"}')
            end = receive_until(other, is_ag_ui_end)[-1]["chunk"]
            assert (end["type"], end["result"]) == ("RUN_FINISHED", {"outcome": "cancelled"})
            socket.send(ag_ui("run-next-01234567890", "more"))
            assert receive_json(socket)["chunk"]["runId"] == "run-next-01234567890"
    assert server.source.closed == [True, False]


# --- who may, and how much


def test_a_page_of_another_origin_is_refused(hello: Any) -> None:
    with hello.connect(origin=f"http://127.0.0.1:{hello.port}"):
        pass
    with pytest.raises(InvalidStatus) as raised, hello.connect(origin="https://evil.example"):
        pass
    assert raised.value.response.status_code == 403


def test_who_asks_too_much_is_told_so() -> None:
    limits = Limits(asks_per_minute=1, runs=10)
    with running(settings=QUICK._replace(limits=limits)) as server, server.connect() as socket:
        socket.send(send("request-1-0123456789"))
        receive_until(socket, is_end)
        socket.send(send("request-2-0123456789"))
        refusal = receive_until(socket, is_end)[-1]
        assert (refusal["type"], refusal["outcome"]) == ("error", "refused")
        assert "ask again in" in refusal["errorText"]
        socket.send(send("request-1-0123456789"))  # is not asked again
        assert receive_until(socket, is_end)[-1]["type"] == "end"


def test_who_has_many_runs_is_told_so() -> None:
    settings = QUICK._replace(limits=Limits(runs=1))
    with running(lambda utterance: [threading.Event()], settings=settings) as server:
        with server.connect() as socket:
            socket.send(send("request-1-0123456789"))
            socket.send(send("request-2-0123456789"))
            refused = receive_until(socket, is_end)[-1]
            assert refused["requestId"] == "request-2-0123456789"


def test_who_has_many_sockets_is_refused() -> None:
    settings = QUICK._replace(limits=Limits(sockets=1))
    with running(settings=settings) as server, server.connect():
        with pytest.raises(InvalidStatus) as raised, server.connect():
            pass
        assert raised.value.response.status_code == 429


def test_no_client_can_pass_for_another_address() -> None:
    settings = QUICK._replace(limits=Limits(sockets=1))
    says: dict[str, Any] = {"additional_headers": {"X-Forwarded-For": "192.0.2.1"}}
    with running(settings=settings, proxies="192.0.2.9") as server, server.connect():
        with pytest.raises(InvalidStatus) as raised, server.connect(**says):
            pass
        assert raised.value.response.status_code == 429
    with running(settings=settings) as server, server.connect(), server.connect(**says):
        pass


def test_nothing_is_compressed_and_long_messages_are_refused(hello: Any) -> None:
    with hello.connect(compression="deflate") as socket:
        assert "Sec-WebSocket-Extensions" not in socket.response.headers
        socket.send("x" * 65_537)
        with pytest.raises(ConnectionClosed):
            socket.recv(SECONDS)
        assert socket.close_code == 1009


@pytest.fixture(scope="module")
def signed() -> Iterator[Any]:
    with running(verifier=KnownTokens([TOKEN, "u" * 32])) as server:
        yield server


def test_a_client_signs_in_with_its_first_message(signed: Any) -> None:
    with signed.connect() as socket:
        socket.send(json.dumps({"type": "auth", "token": TOKEN}))
        assert receive_json(socket)["type"] == "auth_ok"
        socket.send('{"id":0,"text":"hi"}')
        assert "".join(numbered(socket, 0)) == "Hello world!"


def test_a_client_signs_in_by_subprotocol(signed: Any) -> None:
    with signed.connect(subprotocols=["bearer", TOKEN]) as socket:
        assert socket.subprotocol == "bearer"
        socket.send('{"id":0,"text":"hi"}')
        assert "".join(numbered(socket, 0)) == "Hello world!"


def test_a_client_signs_in_with_the_headers_of_a_frame(signed: Any) -> None:
    with signed.connect() as socket:
        socket.send(send("request-0", headers={"authorization": f"Bearer {TOKEN}"}))
        assert receive_until(socket, is_end)[-1]["type"] == "end"


def test_who_is_not_signed_in_is_told_so(signed: Any) -> None:
    with signed.connect() as socket:
        socket.send(send("request-0"))
        assert receive_until(socket, is_end)[-1]["errorText"] == "Please sign in first."


def test_a_wrong_token_closes_the_socket(signed: Any) -> None:
    with signed.connect() as socket:
        socket.send('{"type":"auth","token":"wrong"}')
        assert receive_json(socket)["type"] == "auth_error"
        with pytest.raises(ConnectionClosed):
            socket.recv(SECONDS)
        assert socket.close_code == 4401


def test_no_token_and_no_question_is_logged(
    signed: Any, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    secret, question = "s" * 40, "a question of mine"
    with signed.connect(f"?token={secret}", subprotocols=["bearer", TOKEN]) as socket:
        socket.send(json.dumps({"id": 0, "text": question}))
        numbered(socket, 0)
        socket.send(json.dumps({"type": "auth", "token": secret}))
        assert receive_json(socket)["type"] == "auth_error"
    captured = capfd.readouterr()
    logged = captured.out + captured.err + caplog.text
    assert "refused" in logged
    assert not any(each in logged for each in (secret, TOKEN, question, "Hello world"))


def test_nobody_reads_or_stops_anothers_run(signed: Any) -> None:
    with signed.connect(subprotocols=["bearer", TOKEN]) as owner:
        owner.send(send("request-mine-0123456789"))
        receive_until(owner, is_end)
    with signed.connect(subprotocols=["bearer", "u" * 32]) as other:
        other.send(resume("again"))
        assert receive_json(other)["type"] == "no-active"


# --- for those who run it


def test_health_readiness_and_metrics(hello: Any) -> None:
    with hello.connect() as socket:
        socket.send('{"id":0,"text":"hi"}')
        numbered(socket, 0)
    assert http(hello, "/health") == (200, '{"status":"ok"}')
    assert http(hello, "/ready") == (200, '{"ready":true}')
    status, metrics = http(hello, "/metrics")
    assert status == 200
    assert 'chat_runs_total{outcome="completed"}' in metrics
    assert 'chat_sockets_opened_total{protocol="Numbered"}' in metrics


def test_no_metric_has_a_label_that_clients_choose(hello: Any) -> None:
    names = {"outcome", "reason", "kind", "protocol", "le"}
    for line in http(hello, "/metrics")[1].splitlines():
        if "{" in line and not line.startswith("#"):
            labels = line[line.index("{") + 1 : line.index("}")]
            assert {label.partition("=")[0] for label in labels.split(",")} <= names
