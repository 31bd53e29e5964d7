from __future__ import annotations

import pytest

from fulfillment.models.base import NO_RESULT, Message, Prompt, ToolCall, ToolResult, ToolSpec
from fulfillment.models.chat_format import body_of, text_of

PROMPT = Prompt(
    (Message("user", "Hi"), Message("assistant", "Hello"), Message("user", "Zwölf?")),
    system="Be brief.",
    max_tokens=7,
)


def test_a_prompt_is_a_chat() -> None:
    assert body_of(PROMPT) == {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello"},
            {"role": "user", "content": "Zwölf?"},
        ],
        "max_tokens": 7,
        "stream": True,
    }


THOUGHT = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, ""),
        ("", ""),
        ("Hi", "Hi"),
        ([], ""),
        ([THOUGHT], ""),
        ([THOUGHT, {"type": "text", "text": "H"}, {"type": "text", "text": "i"}], "Hi"),
    ],
)
def test_the_text_of_a_content_is_without_thoughts(content: object, text: str) -> None:
    assert text_of(content) == text


@pytest.mark.parametrize("content", [5, {"text": "Hi"}, [5], [{"text": "Hi"}], [{"type": "text"}]])
def test_a_content_of_another_shape_is_none(content: object) -> None:
    with pytest.raises((KeyError, TypeError)):
        text_of(content)


def test_parameters_are_sent_where_they_are_set() -> None:
    body = body_of(PROMPT._replace(temperature=0.0, top_p=0.9, stop_sequences=("END",)))
    assert (body["temperature"], body["top_p"], body["stop"]) == (0.0, 0.9, ["END"])


@pytest.mark.parametrize("blank", ["", " \n"])
def test_blank_messages_are_left_out(blank: str) -> None:
    prompt = Prompt((Message("user", "Hi"), Message("assistant", blank)), system=blank)
    assert body_of(prompt)["messages"] == [{"role": "user", "content": "Hi"}]


def test_each_result_of_a_round_is_a_message() -> None:
    calls = (ToolCall("a", "weather", {"city": "Köln"}), ToolCall("b", "weather", None))
    results = (ToolResult("a", "sunny"), ToolResult("b", "no such city", failed=True))
    messages = (
        Message("user", "hello"),
        Message("assistant", "", calls),
        Message("user", "and now?", tool_results=results),
    )

    def function(arguments: str) -> dict[str, str]:
        return {"name": "weather", "arguments": arguments}

    assert body_of(Prompt(messages))["messages"][1:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "a", "type": "function", "function": function('{"city": "Köln"}')},
                {"id": "b", "type": "function", "function": function("{}")},
            ],
        },
        {"role": "tool", "tool_call_id": "a", "content": "sunny"},
        {"role": "tool", "tool_call_id": "b", "content": "Error: no such city"},
        {"role": "user", "content": "and now?"},
    ]


@pytest.mark.parametrize(
    ("result", "content"),
    [(ToolResult("a", " "), NO_RESULT), (ToolResult("a", "", failed=True), f"Error: {NO_RESULT}")],
)
def test_a_result_without_text_says_so(result: ToolResult, content: str) -> None:
    called = Message("assistant", "", (ToolCall("a", "weather", {}),))
    messages = (Message("user", "hello"), called, Message("user", tool_results=(result,)))
    assert body_of(Prompt(messages))["messages"][2:] == [
        {"role": "tool", "tool_call_id": "a", "content": content}
    ]


def test_a_tool_is_described_by_its_schema() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    prompt = PROMPT._replace(tools=(ToolSpec("weather", "How it is.", schema),))
    assert body_of(prompt)["tools"] == [
        {
            "type": "function",
            "function": {"name": "weather", "description": "How it is.", "parameters": schema},
        }
    ]
