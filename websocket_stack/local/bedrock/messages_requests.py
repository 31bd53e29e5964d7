"""Reads the body of InvokeModel as Claude takes it: a request of Anthropic's Messages.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fulfillment.models.base import Message, Prompt, ToolCall, ToolResult, ToolSpec
from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.bedrock.tool_use import mismatches

# https://github.com/langchain-ai/langchain-aws/issues/451, https://github.com/decocms/studio/issues/1803
NO_RESULTS = (
    "messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after:"
    " {ids}. Each `tool_use` block must have a corresponding `tool_result` block in the next"
    " message."
)
NO_CALLS = (
    "messages.{index}: unexpected `tool_use_id` found in `tool_result` blocks: {ids}. Each"
    " `tool_result` block must have a corresponding `tool_use` block in the previous message."
)
# https://github.com/anomalyco/opencode/issues/15715
BLANK = "messages: text content blocks must be non-empty"


def prompt_of(body: Mapping[str, Any]) -> Prompt:
    """Read a request; reasoning and cache points are left out.

    Raises:
        ServiceError: 400, ``ValidationException``.
    """
    if body.get("anthropic_version") != "bedrock-2023-05-31":
        raise _invalid("anthropic_version: takes bedrock-2023-05-31")
    for name in ("max_tokens", "messages"):
        if name not in body:
            raise _invalid(f"{name}: Field required")
    messages = tuple(_message(n, each) for n, each in enumerate(_list(body, "messages")))
    _check(messages)
    system = body.get("system") or ""
    return Prompt(
        messages,
        system=system if isinstance(system, str) else _text("system", _list(body, "system")),
        max_tokens=_max_tokens(body["max_tokens"]),
        temperature=_fraction(body, "temperature"),
        top_p=_fraction(body, "top_p"),
        stop_sequences=tuple(map(str, _list(body, "stop_sequences"))),
        tools=tuple(map(_tool, _list(body, "tools"))),
    )


def _check(messages: Sequence[Message]) -> None:
    if not messages:
        raise _invalid("messages: at least one message is required")
    if messages[0].role != "user":
        raise _invalid('messages: first message must use the "user" role')
    for position, missing, surplus in mismatches(messages):
        if missing:
            raise _invalid(NO_RESULTS.format(index=position - 1, ids=", ".join(missing)))
        if surplus:
            raise _invalid(NO_CALLS.format(index=position, ids=", ".join(surplus)))
    last = messages[-1]
    if last.role != "user":
        raise _invalid(
            "This model does not support assistant message prefill. The conversation must end with"
            " a user message."
        )
    if not last.text.strip() and not last.tool_results:
        raise _invalid(BLANK)


def _message(index: int, body: Any) -> Message:
    at = f"messages.{index}"
    if not isinstance(body, dict) or body.get("role") not in ("user", "assistant"):
        raise _invalid(f"{at}.role: takes user or assistant")
    content = body.get("content")
    if isinstance(content, str):
        return Message(body["role"], content)
    message = Message(body["role"])
    for n, block in enumerate(_list(body, "content", at)):
        kind = block.get("type") if isinstance(block, dict) else None
        add = BLOCKS.get(str(kind))
        if add is None:
            raise _invalid(f"{at}.content.{n}: Input tag '{kind}' is not taken here")
        try:
            message = add(message, block)
        except (KeyError, TypeError, ValueError) as exc:
            raise _invalid(f"{at}.content.{n}: is no {kind} block") from exc
    return message


def _add_text(message: Message, block: Mapping[str, Any]) -> Message:
    text = _string(block, "text")
    if not text.strip():
        raise _invalid(BLANK)
    return message._replace(text=message.text + text)


def _add_call(message: Message, block: Mapping[str, Any]) -> Message:
    call = ToolCall(_string(block, "id"), _string(block, "name"), dict(block["input"]))
    return message._replace(tool_calls=(*message.tool_calls, call))


def _add_result(message: Message, block: Mapping[str, Any]) -> Message:
    content = block.get("content") or ""
    text = content if isinstance(content, str) else _text("content", content)
    result = ToolResult(_string(block, "tool_use_id"), text, bool(block.get("is_error")))
    return message._replace(tool_results=(*message.tool_results, result))


def _ignore(message: Message, block: object) -> Message:
    return message


BLOCKS: Mapping[str, Callable[[Message, Mapping[str, Any]], Message]] = {
    "text": _add_text,
    "tool_use": _add_call,
    "tool_result": _add_result,
    "thinking": _ignore,
    "redacted_thinking": _ignore,
}


def _tool(tool: Any) -> ToolSpec:
    try:
        name, schema = _string(tool, "name"), dict(tool["input_schema"])
        return ToolSpec(name, str(tool.get("description") or ""), schema)
    except (KeyError, TypeError, ValueError) as exc:
        raise _invalid("tools: takes tools with name and input_schema") from exc


def _string(block: Mapping[str, Any], name: str) -> str:
    if not isinstance(block[name], str):
        raise TypeError
    return str(block[name])


def _text(at: str, blocks: Sequence[Any]) -> str:
    texts = [block.get("text") if isinstance(block, dict) else None for block in blocks]
    if not all(isinstance(text, str) for text in texts):
        raise _invalid(f"{at}: takes a string or text blocks")
    return "".join(map(str, texts))


def _list(body: Mapping[str, Any], name: str, at: str = "") -> Sequence[Any]:
    value = body.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _invalid(f"{at}{'.' if at else ''}{name}: takes a list")
    return value


def _max_tokens(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _invalid("max_tokens: takes a whole number from 1")
    return value


def _fraction(body: Mapping[str, Any], name: str) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise _invalid(f"{name}: takes a number from 0 to 1")
    return float(value)


def _invalid(message: str) -> ServiceError:
    return ServiceError(400, "ValidationException", message)
