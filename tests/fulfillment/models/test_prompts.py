"""Whatever a conversation holds, every service takes it; their own validation judges."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment.errors import ModelRejected
from fulfillment.models import chat_format
from fulfillment.models.base import Message, Model, Prompt, ToolCall, ToolResult, ToolSpec
from fulfillment.models.bedrock.agents import AgentModel
from fulfillment.models.bedrock.converse import ConverseModel
from fulfillment.models.bedrock.converse_format import ConverseContent
from fulfillment.models.bedrock.knowledge_bases import KnowledgeBaseModel
from fulfillment.models.bedrock.native import ANTHROPIC_MESSAGES, CHAT_COMPLETIONS, NativeModel
from fulfillment.models.prompts import NO_ANSWER, normalized, question_of
from tests import aws_stub
from tests.fulfillment.models.stream_server import read
from websocket_stack.local.bedrock import agents, converse_requests, messages_requests
from websocket_stack.local.bedrock import knowledge_bases as local_knowledge_bases

HI = Message("user", "Hi")
HELLO = Message("assistant", "Hello.")
SUNNY = ToolResult("call-1", "Sunny")


def calling(*calls: tuple[str, str], text: str = "") -> Message:
    return Message("assistant", text, tuple(ToolCall(id, name, {}) for id, name in calls))


def told(*results: ToolResult, text: str = "") -> Message:
    return Message("user", text, tool_results=results)


def messages_of(*messages: Message) -> tuple[Message, ...]:
    return normalized(Prompt(messages)).messages


@pytest.mark.parametrize(
    ("messages", "texts"),
    [
        ([HI], ["Hi"]),
        ([HI, HELLO, HI], ["Hi", "Hello.", "Hi"]),
        ([HELLO, HI], ["Hi"]),
        ([HI, HELLO], ["Hi"]),
        ([HI, Message("assistant", " \n"), Message("user", "Hi?")], ["Hi\n\nHi?"]),
        ([HI, HELLO, HELLO, HI], ["Hi", "Hello.\n\nHello.", "Hi"]),
        ([HI, HELLO, Message("user", "")], ["Hi"]),
        ([Message("user", "Hi \ud83d")], ["Hi \ufffd"]),
    ],
)
def test_roles_alternate_from_user_to_user(messages: list[Message], texts: list[str]) -> None:
    assert [message.text for message in messages_of(*messages)] == texts
    assert all(
        message.role == ("user", "assistant")[n % 2]
        for n, message in enumerate(messages_of(*messages))
    )


@pytest.mark.parametrize("messages", [(), (HELLO,), (Message("user", " "),), (told(SUNNY),)])
def test_nothing_to_ask_is_not_sent(messages: tuple[Message, ...]) -> None:
    with pytest.raises(ModelRejected, match="nothing to ask"):
        messages_of(*messages)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("order_status", "order_status"),
        ("order_status<|channel|>commentary", "order_status__channel__commentary"),
        ("$READFILE", "_READFILE"),
        ("functions.weather:0", "functions_weather_0"),
        ("wëather", "w_ather"),
        ("x" * 65, "x" * 64),
        ("", "unnamed"),
    ],
)
def test_a_name_that_a_model_made_up_becomes_one(written: str, name: str) -> None:
    _, called, result = messages_of(
        HI, calling((written, written)), told(ToolResult(written, "no"))
    )
    assert called.tool_calls[0].name == name
    assert called.tool_calls[0].id == result.tool_results[0].call_id
    assert re.fullmatch("[a-zA-Z0-9_-]{1,64}", called.tool_calls[0].id)


def test_ids_that_repeat_are_told_apart() -> None:
    called = calling(("call_0", "a"), ("call:0", "b"))
    results = told(ToolResult("call:0", "of b"), ToolResult("call_0", "of a"))
    messages = messages_of(HI, called, results, called, results)
    assert [[call.id for call in message.tool_calls] for message in messages[1::2]] == [
        ["call_0", "call_0-2"],
        ["call_0-3", "call_0-4"],
    ]
    for message in messages[2::2]:
        assert [result.text for result in message.tool_results] == ["of a", "of b"]
    assert [result.call_id for result in messages[4].tool_results] == ["call_0-3", "call_0-4"]


def test_each_call_has_its_result_and_no_other() -> None:
    stray = ToolResult("call-9", "of nothing")
    _, called, results = messages_of(
        HI, calling(("call-1", "a"), ("call-2", "b")), told(stray, SUNNY)
    )
    assert results.tool_results == (SUNNY, ToolResult("call-2", NO_ANSWER, failed=True))
    assert messages_of(HI, HELLO, told(stray, text="And now?"))[-1] == Message("user", "And now?")


def test_half_characters_are_repaired_everywhere() -> None:
    half, whole = "a\ud83d", "a\ufffd"
    prompt = Prompt(
        (
            Message("user", half),
            Message("assistant", half, (ToolCall("1", "t", {half: [half, {"b": half}]}),)),
            told(ToolResult("1", half)),
        ),
        system=half,
        stop_sequences=(half,),
        tools=(ToolSpec("t", half, {"type": "object", "description": half}),),
    )
    repaired = normalized(prompt)
    assert json.loads(json.dumps(repaired, ensure_ascii=False).encode()) == json.loads(
        json.dumps(prompt).replace("\\ud83d", "\\ufffd")
    )
    assert repaired.messages[1].tool_calls[0].arguments == {whole: [whole, {"b": whole}]}


def test_a_question_alone_is_the_last_message() -> None:
    assert question_of(Prompt((HI, HELLO, Message("user", "And\ud83d")))) == "And\ufffd"
    with pytest.raises(ModelRejected):
        question_of(Prompt((HI, HELLO, Message("user", " "))))


# --- every adapter, and anything


HALVES = ["\ud83d", "half \ude00", "\ud83d\ude00 whole"]
TEXTS = st.sampled_from(["", " ", "\n\n", "Hi", "Grüß Gott 👋", "x" * 1024, *HALVES])
NAMES = st.sampled_from(["weather", "weather<|channel|>x", "", "wëather", "\ud83d", "n" * 99])
IDS = st.sampled_from(["call-1", "call-2", "call:1", "call.1", "", "\ud83d", "i" * 99])
ARGUMENTS = st.none() | st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS, max_size=2), max_size=2)
CALLS = st.lists(st.builds(ToolCall, IDS, NAMES, ARGUMENTS), max_size=3).map(tuple)
RESULTS = st.lists(st.builds(ToolResult, IDS, TEXTS, st.booleans()), max_size=3).map(tuple)


def remembered(text: str, calls: tuple[ToolCall, ...]) -> ConverseContent:
    """Return content as the decoder keeps it."""
    uses = [{"toolUse": {"toolUseId": c.id, "name": c.name, "input": {}}} for c in calls]
    blocks = [{"text": text}] if text.strip() else []
    return ConverseContent("m", (*blocks, *uses))


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    messages = []
    for role in draw(st.lists(st.sampled_from(["user", "assistant", "round"]), max_size=6)):
        text, calls, results = draw(TEXTS), draw(CALLS), draw(RESULTS)
        if role == "user":
            messages.append(Message("user", text, tool_results=results))
            continue
        kept = remembered(text, calls) if (text.strip() or calls) and draw(st.booleans()) else None
        messages.append(Message("assistant", text, calls, provider_content=kept))
        if role == "round":
            answers = tuple(ToolResult(call.id, draw(TEXTS)) for call in calls)
            messages.append(Message("user", draw(TEXTS), tool_results=answers))
    return (*messages, Message("user", draw(TEXTS)))


TOOLS = st.lists(TEXTS.map(lambda text: ToolSpec("weather", text, {"type": "object"})), max_size=1)
PROMPTS = st.builds(
    lambda messages, system, tools: Prompt(messages, system, tools=tuple(tools)),
    conversations(),
    TEXTS,
    TOOLS,
)


class Judge:
    """Has an adapter send prompts, and its service judge what comes.

    Args:
        service: the service's name in botocore.
        model: makes the adapter, given a client.
        check: raises for a body that the service would refuse.
    """

    def __init__(
        self, service: str, model: Callable[[Any], Model], check: Callable[[Any], object]
    ) -> None:
        client, self._sent = aws_stub.client(service, *[aws_stub.answered()] * 10_000)
        self._model = model(client)
        self._check = check

    def judge(self, prompt: Prompt) -> bool:
        """Return whether anything was sent; fails if the service would refuse it."""
        try:
            stream = self._model.ask(prompt)
        except ModelRejected as exc:
            assert "nothing to ask" in str(exc)
            return False
        _, error = read(stream)
        # By botocore, which validates first.
        assert self._sent, error
        body = json.loads(self._sent.pop().body)
        json.dumps(body, ensure_ascii=False).encode()
        self._check(body)
        return True


def check_converse(body: Mapping[str, Any]) -> None:
    messages = converse_requests.prompt_of(body).messages
    ids = [call.id for message in messages for call in message.tool_calls]
    assert len(set(ids)) == len(ids)


def check_chat(body: Mapping[str, Any]) -> None:
    messages = [each for each in body["messages"] if each["role"] != "system"]
    assert messages[0]["role"] == "user"
    assert messages[-1]["role"] in ("user", "tool")
    for before, after in zip(messages, messages[1:], strict=False):
        assert (before["role"], after["role"]) not in (("user", "user"), ("assistant",) * 2)
    for message in messages:
        assert message.get("tool_calls") or message["content"].strip()
    calls = [call["id"] for each in messages for call in each.get("tool_calls", ())]
    assert calls == [each["tool_call_id"] for each in messages if each["role"] == "tool"]
    assert len(set(calls)) == len(calls)


AGENT = {"agentId": "AGENT12345", "agentAliasId": "ALIAS12345", "sessionId": "s1"}
JUDGES = {
    "Converse": lambda: Judge(
        "bedrock-runtime",
        lambda client: ConverseModel(client, "m", cache_ttl="5m"),
        check_converse,
    ),
    "Messages": lambda: Judge(
        "bedrock-runtime",
        lambda client: NativeModel(client, "m", ANTHROPIC_MESSAGES),
        messages_requests.prompt_of,
    ),
    "Chat Completions": lambda: Judge(
        "bedrock-runtime",
        lambda client: NativeModel(client, "m", CHAT_COMPLETIONS),
        check_chat,
    ),
    "knowledge base": lambda: Judge(
        "bedrock-agent-runtime",
        lambda client: KnowledgeBaseModel(client, "KB12345678", "arn"),
        local_knowledge_bases.query_of,
    ),
    "agent": lambda: Judge(
        "bedrock-agent-runtime",
        lambda client: AgentModel(client, AGENT["agentId"], AGENT["agentAliasId"]),
        lambda body: agents.invocation_of(AGENT, body),
    ),
}


@pytest.fixture(scope="module", params=JUDGES)
def judge(request: pytest.FixtureRequest) -> Judge:
    return JUDGES[request.param]()


@settings(deadline=None)
@given(prompt=PROMPTS)
def test_no_service_refuses_what_is_sent(judge: Judge, prompt: Prompt) -> None:
    has_text = any(each.role == "user" and each.text.strip() for each in prompt.messages)
    sent = judge.judge(prompt)
    assert not sent or has_text


def test_a_whole_conversation_is_sent(judge: Judge) -> None:
    rounds = (calling(("call-1", "weather"), text="Let me see."), told(SUNNY), HELLO)
    assert judge.judge(Prompt((HI, *rounds, HI)))


@settings(deadline=None)
@given(PROMPTS)
def test_chat_servers_get_calls_and_their_results(prompt: Prompt) -> None:
    try:
        body = chat_format.body_of(prompt)
    except ModelRejected:
        return
    check_chat(json.loads(json.dumps(body, ensure_ascii=False).encode()))
