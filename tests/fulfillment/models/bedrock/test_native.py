import json
from collections.abc import Mapping
from typing import Any

import pytest

from fulfillment.errors import ModelInterrupted, ModelUnavailable
from fulfillment.models.base import (
    Completion,
    Message,
    Prompt,
    StopReason,
    ToolCall,
    ToolResult,
    ToolSpec,
)
from fulfillment.models.bedrock.native import (
    ANTHROPIC_MESSAGES,
    CHAT_COMPLETIONS,
    Delta,
    Dialect,
    NativeModel,
)
from fulfillment.testing.scripted_model import ScriptedStream
from tests import aws_stub
from tests.fulfillment.models.stream_server import blob, json_blob, read, serving
from websocket_stack.local.bedrock import messages_responses
from websocket_stack.local.bedrock.event_stream import event

PROMPT = Prompt(
    (Message("user", "Hi"), Message("assistant", " "), Message("user", "Zwölf?")),
    system="Be brief.",
    max_tokens=50,
    temperature=0.0,
    top_p=0.9,
    stop_sequences=("END",),
)
QUESTIONS = [{"role": "user", "content": "Hi\n\nZwölf?"}]
PLAIN = Prompt((Message("user", "Hi"),), max_tokens=50)
METRICS = {
    "amazon-bedrock-invocationMetrics": {
        "inputTokenCount": 702,
        "outputTokenCount": 98,
        "invocationLatency": 3042,
        "firstByteLatency": 791,
        "cacheReadInputTokenCount": 600,
        "cacheWriteInputTokenCount": 1,
    }
}


def ask(
    *pieces: bytes | Exception,
    dialect: Dialect = ANTHROPIC_MESSAGES,
    model_id: str = "m",
    prompt: Prompt = PROMPT,
    **options: Any,
) -> tuple[Any, list[Any]]:
    client, sent = aws_stub.client("bedrock-runtime", aws_stub.streamed(*pieces))
    return NativeModel(client, model_id, dialect, **options).ask(prompt), sent


def body_of(dialect: Dialect, model_id: str, prompt: Prompt, **options: Any) -> Any:
    answer, sent = ask(dialect=dialect, model_id=model_id, prompt=prompt, **options)
    read(answer)
    return json.loads(sent[0].body)


# --- Anthropic's Messages


def delta(**members: object) -> bytes:
    return json_blob({"type": "content_block_delta", "index": 0, "delta": members})


def text(chunk: str) -> bytes:
    return delta(type="text_delta", text=chunk)


START = json_blob({"type": "message_start", "message": {"role": "assistant", "stop_reason": None}})
END = json_blob({"type": "message_delta", "delta": {"stop_reason": "end_turn"}})
STOP = json_blob({"type": "message_stop", **METRICS})


def test_text_is_yielded_and_the_end_kept() -> None:
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}}
    answer, _ = ask(START, json_blob(block), text("Zwölf"), text("."), END, STOP)
    assert list(answer) == ["", "", "Zwölf", ".", "", ""]
    assert answer.completion == Completion("m", StopReason.END_TURN, 702, 98, 3042, 600, 1)


def test_the_local_stack_speaks_the_dialect() -> None:
    ended = Completion("demo", StopReason.MAX_TOKENS, input_tokens=3, output_tokens=5)
    answer, _ = ask(*messages_responses.events(ScriptedStream(["Hi", ended])))
    assert read(answer) == ("Hi", None)
    assert answer.completion[:4] == ("m", StopReason.MAX_TOKENS, 3, 5)


def test_only_text_is_text() -> None:
    answer, _ = ask(
        json_blob({"type": "ping"}),
        delta(type="thinking_delta", thinking="hm"),
        delta(type="signature_delta", signature="s"),
        delta(type="input_json_delta", partial_json="{"),
        json_blob({"type": "brand_new", "text": "no"}),
        event("brandNew", {"bytes": "bm8="}),
        event("chunk", {}),
        blob(b""),
        blob(b"[]"),
        text("yes"),
        END,
    )
    assert read(answer) == ("yes", None)


IMPORTED = "arn:aws:bedrock:us-east-1:123456789012:imported-model/abc"


@pytest.mark.parametrize(("model_id", "shown"), [(IMPORTED, "Yes"), ("m", "<think>Hm.</think>Yes")])
def test_thoughts_that_an_imported_model_writes_are_not_shown(model_id: str, shown: str) -> None:
    answer, _ = ask(text("<think>Hm."), text("</think>"), text("Yes"), END, model_id=model_id)
    assert read(answer) == (shown, None)


@pytest.mark.parametrize(
    ("dialect", "members"),
    [
        (
            ANTHROPIC_MESSAGES,
            {
                "anthropic_version": "bedrock-2023-05-31",
                "system": "Be brief.",
                "messages": QUESTIONS,
                "stop_sequences": ["END"],
            },
        ),
        (
            CHAT_COMPLETIONS,
            {
                "messages": [{"role": "system", "content": "Be brief."}, *QUESTIONS],
                "stream": True,
                "stop": ["END"],
            },
        ),
    ],
)
def test_the_body_is_in_its_dialect(dialect: Dialect, members: dict[str, Any]) -> None:
    sampling = {"temperature": 0.0, "top_p": 0.9}
    assert body_of(dialect, "m", PROMPT) == {"max_tokens": 50, **sampling, **members}
    assert not {"temperature", "top_p"} & set(body_of(dialect, "claude-haiku-5-5", PROMPT))
    assert not {"system", "stop", "stop_sequences"} & set(body_of(dialect, "m", PLAIN))


@pytest.mark.parametrize("dialect", [ANTHROPIC_MESSAGES, CHAT_COMPLETIONS])
def test_tools_are_not_sent(dialect: Dialect) -> None:
    called = Message("assistant", "", (ToolCall("a", "weather", {}),))
    prompt = PLAIN.extended(called, [ToolResult("a", "sunny")])
    prompt = prompt._replace(tools=(ToolSpec("weather", "", {"type": "object"}),))
    assert body_of(dialect, "m", prompt) == body_of(dialect, "m", PLAIN)


@pytest.mark.parametrize(
    ("options", "thinking"),
    [({}, {"type": "disabled"}), ({"fields": {}}, None)],
)
def test_a_model_is_asked_to_write_at_once(options: dict[str, Any], thinking: object) -> None:
    body = body_of(ANTHROPIC_MESSAGES, "global.anthropic.claude-haiku-5-5", PLAIN, **options)
    assert body.pop("thinking", None) == thinking
    assert set(body) == {"anthropic_version", "max_tokens", "messages"}


def test_the_request_is_what_the_service_takes() -> None:
    with serving("bedrock-runtime", text("Hi"), END) as served:
        model = NativeModel(
            served.client,
            "anthropic.claude-haiku-4-5-20251001-v1:0",
            ANTHROPIC_MESSAGES,
            guardrail={"guardrailIdentifier": "gr1", "guardrailVersion": "2"},
        )
        assert read(model.ask(PLAIN)) == ("Hi", None)
    assert served.paths == [
        "/model/anthropic.claude-haiku-4-5-20251001-v1%3A0/invoke-with-response-stream"
    ]
    sent = served.headers[0]
    assert sent["Content-Type"] == sent["X-Amzn-Bedrock-Accept"] == "application/json"
    assert sent["X-Amzn-Bedrock-GuardrailIdentifier"] == "gr1"
    assert sent["X-Amzn-Bedrock-GuardrailVersion"] == "2"
    assert "amazon-bedrock-guardrailConfig" not in served.bodies[0]


# --- other dialects


def chat(content: str | None, finish_reason: str | None = None) -> bytes:
    delta = {"role": "assistant", "content": content}
    return json_blob({"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})


@pytest.mark.parametrize(
    ("word", "stop_reason"),
    [
        ("stop", StopReason.END_TURN),
        ("length", StopReason.MAX_TOKENS),
        ("content_filter", StopReason.REFUSED),
        ("brand_new", StopReason.OTHER),
    ],
)
def test_chat_completions_are_read(word: str, stop_reason: StopReason) -> None:
    # As recorded: the counts come after the reason, in a chunk without choices.
    last = json_blob({"choices": [], "usage": {"prompt_tokens": 702}, **METRICS})
    nothing = json_blob({"choices": [{"delta": {}, "finish_reason": word}]})
    answer, _ = ask(
        chat(""), chat("Zwölf"), chat(None), chat("."), nothing, last, dialect=CHAT_COMPLETIONS
    )
    assert read(answer) == ("Zwölf.", None)
    assert answer.completion == Completion("m", stop_reason, 702, 98, 3042, 600, 1)


@pytest.mark.parametrize(
    ("dialect", "empty"),
    [
        (CHAT_COMPLETIONS, {"choices": None}),
        (CHAT_COMPLETIONS, {"choices": [{"delta": None, "finish_reason": None}]}),
        (ANTHROPIC_MESSAGES, {"type": "content_block_delta", "delta": None}),
        (ANTHROPIC_MESSAGES, {"type": "content_block_delta", "delta": {"text": None}}),
        (ANTHROPIC_MESSAGES, {"type": "message_delta", "delta": None}),
    ],
)
def test_what_a_server_leaves_empty_is_passed_over(dialect: Dialect, empty: dict[str, Any]) -> None:
    written = [chat("yes", "stop")] if dialect is CHAT_COMPLETIONS else [text("yes"), END]
    answer, _ = ask(json_blob(empty), *written, dialect=dialect)
    assert read(answer) == ("yes", None)


def test_a_builder_can_bring_a_dialect() -> None:
    def body_of_llama(prompt: Prompt) -> Mapping[str, object]:
        return {"prompt": prompt.messages[-1].text, "max_gen_len": prompt.max_tokens}

    def delta_of_llama(chunk: Mapping[str, Any]) -> Delta:
        stopped = chunk.get("stop_reason") == "length"
        return Delta(chunk.get("generation", ""), StopReason.MAX_TOKENS if stopped else None)

    llama = Dialect(body_of_llama, delta_of_llama)
    answer, sent = ask(
        json_blob({"generation": "Zw", "stop_reason": None}),
        json_blob({"generation": "ölf", "stop_reason": "length", **METRICS}),
        dialect=llama,
        fields={"images": []},
    )
    assert read(answer) == ("Zwölf", None)
    assert answer.completion == Completion("m", StopReason.MAX_TOKENS, 702, 98, 3042, 600, 1)
    assert json.loads(sent[0].body) == {"prompt": "Hi\n\nZwölf?", "max_gen_len": 50, "images": []}


# --- guardrails


def intervened() -> bytes:
    return json_blob({"amazon-bedrock-guardrailAction": "INTERVENED"})


@pytest.mark.parametrize("pieces", [(END, intervened(), STOP), (intervened(), END, STOP)])
def test_a_guardrail_is_the_reason_of_the_end(pieces: tuple[bytes, ...]) -> None:
    answer, _ = ask(text("Not this."), *pieces)
    assert read(answer) == ("Not this.", None)
    assert answer.completion == Completion("m", StopReason.BLOCKED, 702, 98, 3042, 600, 1)


def test_what_a_guardrail_finds_late_is_retracted() -> None:
    guardrail = {
        "guardrailIdentifier": "gr1",
        "guardrailVersion": "DRAFT",
        "streamProcessingMode": "async",
    }
    answer, sent = ask(text("Secret"), intervened(), guardrail=guardrail)
    assert read(answer) == ("Secret", None)
    assert answer.completion == Completion("m", StopReason.RETRACTED)
    assert json.loads(sent[0].body)["amazon-bedrock-guardrailConfig"] == {
        "streamProcessingMode": "ASYNCHRONOUS"
    }


def test_a_guardrail_may_find_nothing() -> None:
    none = json_blob({"type": "ping", "amazon-bedrock-guardrailAction": "NONE"})
    answer, _ = ask(none, text("Yes"), END)
    assert read(answer) == ("Yes", None)
    assert answer.completion == Completion("m", StopReason.END_TURN)


# --- what goes wrong


@pytest.mark.parametrize("odd", [{"choices": 5}, {"choices": [5]}, {"choices": [{"delta": "x"}]}])
def test_a_chunk_of_another_shape_breaks_the_stream(odd: dict[str, Any]) -> None:
    answer, _ = ask(chat("So far"), json_blob(odd), dialect=CHAT_COMPLETIONS)
    written, error = read(answer)
    assert (written, type(error)) == ("So far", ModelInterrupted)


@pytest.mark.parametrize("broken", [b"{", b'{"a": "\xff"}'])
def test_a_chunk_that_is_not_json_breaks_the_stream(broken: bytes) -> None:
    answer, _ = ask(text("So far"), blob(broken), END)
    written, error = read(answer)
    assert (written, type(error)) == ("So far", ModelInterrupted)
    answer, _ = ask(blob(broken), END)
    assert type(read(answer)[1]) is ModelUnavailable


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [((START,), ModelUnavailable), ((text("So far"), STOP), ModelInterrupted)],
)
def test_without_a_stop_reason_nothing_is_complete(
    pieces: tuple[bytes, ...], expected: type
) -> None:
    answer, _ = ask(*pieces)
    assert type(read(answer)[1]) is expected
    assert answer.completion is None


def test_a_cut_after_the_end_loses_nothing() -> None:
    with serving("bedrock-runtime", text("All"), END, cut=True) as served:
        answer = NativeModel(served.client, "m", ANTHROPIC_MESSAGES).ask(PLAIN)
        assert read(answer) == ("All", None)
