"""Reads a request of Converse or ConverseStream, and refuses what the service refuses.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
https://docs.aws.amazon.com/bedrock/latest/userguide/tool-use-inference-call.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fulfillment.models.base import Message, Prompt, ToolCall, ToolResult, ToolSpec
from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.bedrock.tool_use import mismatches
from websocket_stack.local.bedrock.validation import validate

DEFAULT_MAX_TOKENS = 4096

# No page of AWS's lists what is refused beyond the model. The words are the service's, quoted from:
# https://github.com/langgenius/dify/issues/17545
NO_TOOLS = "The toolConfig field must be defined when using toolUse and toolResult content blocks."
# https://github.com/aws-samples/bedrock-engineer/issues/8
BLANK = (
    "The text field in the {kind} object at {at} is blank. Add text to the text field, and try"
    " again."
)
# https://github.com/NousResearch/hermes-agent/pull/63983
BLANK_RESULT = (
    "The model returned the following errors: messages: text content blocks must contain"
    " non-whitespace text"
)
# https://github.com/archestra-ai/archestra/pull/4220
EMPTY = (
    "The content field in the Message object at {at} is empty. Add a ContentBlock object to the"
    " content field and try again."
)
# https://github.com/aws-samples/sample-multi-agent-orchestration-chat-on-agentcore/issues/15
EMPTY_FAILURE = "The content field at {at} cannot be empty when status value is error."
# https://github.com/agno-agi/agno/issues/6698
NO_RESULTS = "Expected toolResult blocks at {at}.content for the following Ids: {ids}"
# https://github.com/strands-agents/harness-sdk/issues/1435
NO_CALLS = (
    "The number of toolResult blocks at {at}.content exceeds the number of toolUse blocks of"
    " previous turn."
)
# https://github.com/genkit-ai/aws-bedrock-js-plugin/issues/664
NO_TURNS = (
    "A conversation must alternate between user and assistant roles. Make sure the conversation"
    " alternates between user and assistant roles and try again."
)
NO_QUESTION = (
    "A conversation must start with a user message. Try again with a conversation that starts"
    " with a user message."
)
# Claude since Opus 4.6.
NO_PREFILL = (
    "This model does not support assistant message prefill. The conversation must end with a user"
    " message."
)
NO_OBJECT = (
    "The format of the value at {at} is invalid. Provide a json object for the field and try again."
)
NO_OBJECT_SCHEMA = "The value at {at}.type must be one of the following: object."
UNKNOWN_BLOCK = (
    "This model doesn't support the {kind} content block that you provided. Update the content"
    " block and try again."
)
MISPLACED = "The {kind} block at {at} is in a message of the wrong role."


def prompt_of(body: Mapping[str, Any]) -> Prompt:
    """Read a request.

    What the port does not have is validated and left out: reasoning, cache points, guardrails, the
    choice of a tool. Content other than text and tools is refused, as by models without vision.

    Raises:
        ServiceError: 400, mostly ``ValidationException``.
    """
    validate("bedrock-runtime", "ConverseStream", body)
    messages = tuple(
        _message(message, f"messages.{n}") for n, message in enumerate(body.get("messages") or ())
    )
    _check_turns(messages)
    _check_tools(messages, body.get("toolConfig"))
    inference = body.get("inferenceConfig") or {}
    return Prompt(
        messages,
        system=_system(body.get("system") or ()),
        max_tokens=inference.get("maxTokens") or DEFAULT_MAX_TOKENS,
        temperature=inference.get("temperature"),
        top_p=inference.get("topP"),
        stop_sequences=tuple(inference.get("stopSequences") or ()),
        tools=tuple(_tools(body.get("toolConfig") or {})),
    )


# --- messages


def _message(body: Mapping[str, Any], at: str) -> Message:
    if not body["content"]:
        raise _invalid(EMPTY, at=at)
    message = Message(body["role"])
    for n, block in enumerate(body["content"]):
        for kind, value in _members(block):
            add = BLOCKS.get(kind)
            if add is None:
                raise _invalid(UNKNOWN_BLOCK, kind=kind)
            message = add(message, value, f"{at}.content.{n}")
    return message


def _members(union: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    return ((kind, value) for kind, value in union.items() if value is not None)


def _add_text(message: Message, text: str, at: str) -> Message:
    if not text.strip():
        raise _invalid(BLANK, kind="ContentBlock", at=at)
    return message._replace(text=message.text + text)


def _add_guarded(message: Message, guarded: Mapping[str, Any], at: str) -> Message:
    text = guarded.get("text")
    if text is None:
        raise _invalid(UNKNOWN_BLOCK, kind="guardContent.image")
    return message._replace(text=message.text + text["text"])


def _add_cited(message: Message, cited: Mapping[str, Any], at: str) -> Message:
    parts = cited.get("content") or ()
    return message._replace(text=message.text + "".join(part.get("text") or "" for part in parts))


def _add_call(message: Message, call: Mapping[str, Any], at: str) -> Message:
    if message.role != "assistant":
        raise _invalid(MISPLACED, kind="toolUse", at=at)
    if not isinstance(call["input"], dict):
        raise _invalid(NO_OBJECT, at=f"{at}.toolUse.input")
    tool_call = ToolCall(call["toolUseId"], call["name"], call["input"])
    return message._replace(tool_calls=(*message.tool_calls, tool_call))


def _add_result(message: Message, result: Mapping[str, Any], at: str) -> Message:
    if message.role != "user":
        raise _invalid(MISPLACED, kind="toolResult", at=at)
    failed = result.get("status") == "error"
    if failed and not result["content"]:
        raise _invalid(EMPTY_FAILURE, at=f"{at}.toolResult")
    texts = [
        _result_text(kind, value, f"{at}.toolResult.content.{n}")
        for n, block in enumerate(result["content"])
        for kind, value in _members(block)
    ]
    tool_result = ToolResult(result["toolUseId"], "\n".join(texts), failed)
    return message._replace(tool_results=(*message.tool_results, tool_result))


def _result_text(kind: str, value: Any, at: str) -> str:
    if kind == "json":
        if not isinstance(value, dict):
            raise _invalid(NO_OBJECT, at=f"{at}.json")
        return json.dumps(value, ensure_ascii=False)
    if kind != "text":
        raise _invalid(UNKNOWN_BLOCK, kind=f"toolResult.{kind}")
    text = str(value)
    if not text.strip():
        raise _invalid(BLANK_RESULT)
    return text


def _ignore(message: Message, value: object, at: str) -> Message:
    return message


BLOCKS: Mapping[str, Callable[[Message, Any, str], Message]] = {
    "text": _add_text,
    "guardContent": _add_guarded,
    "citationsContent": _add_cited,
    "toolUse": _add_call,
    "toolResult": _add_result,
    "reasoningContent": _ignore,
    "cachePoint": _ignore,
}


def _check_turns(messages: Sequence[Message]) -> None:
    if not messages or messages[0].role != "user":
        raise _invalid(NO_QUESTION)
    for n, message in enumerate(messages):
        if message.role != ("user", "assistant")[n % 2]:
            raise _invalid(NO_TURNS)
    if messages[-1].role != "user":
        raise _invalid(NO_PREFILL)


# --- tools and system


def _check_tools(messages: Sequence[Message], config: object) -> None:
    if config is None and any(each.tool_calls or each.tool_results for each in messages):
        raise _invalid(NO_TOOLS)
    for position, missing, surplus in mismatches(messages):
        at = f"messages.{position}"
        if missing:
            raise _invalid(NO_RESULTS, at=at, ids=", ".join(missing))
        if surplus:
            raise _invalid(NO_CALLS, at=at)


def _tools(config: Mapping[str, Any]) -> Iterable[ToolSpec]:
    for n, tool in enumerate(config.get("tools") or ()):
        # Others are the service's own tools, or cache points.
        spec = tool.get("toolSpec")
        if spec is None:
            continue
        schema = spec["inputSchema"].get("json")
        at = f"toolConfig.tools.{n}.toolSpec.inputSchema.json"
        if not isinstance(schema, dict):
            raise _invalid(NO_OBJECT, at=at)
        # https://github.com/mastra-ai/mastra/issues/8494
        if schema.get("type") != "object":
            raise _invalid(NO_OBJECT_SCHEMA, at=at)
        yield ToolSpec(spec["name"], spec.get("description") or "", schema)


def _system(blocks: Sequence[Mapping[str, Any]]) -> str:
    texts = []
    for n, block in enumerate(blocks):
        guarded = (block.get("guardContent") or {}).get("text") or {}
        text = block.get("text") or guarded.get("text")
        if text is not None and not text.strip():
            raise _invalid(BLANK, kind="SystemContentBlock", at=f"system.{n}")
        texts.append(text or "")
    return "".join(texts)


def _invalid(message: str, **members: str) -> ServiceError:
    return ServiceError(400, "ValidationException", message.format(**members))
