"""OpenAI's Chat Completions as values, for any server: a request's body, reasons to stop. Pure.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fulfillment.models.base import (
    NO_RESULT,
    Message,
    Prompt,
    StopReason,
    ToolCall,
    ToolResult,
    ToolSpec,
)
from fulfillment.models.prompts import normalized

STOP_REASONS = {
    "stop": StopReason.END_TURN,
    "length": StopReason.MAX_TOKENS,
    "tool_calls": StopReason.TOOL_USE,
    "content_filter": StopReason.REFUSED,
}


def body_of(prompt: Prompt) -> dict[str, Any]:
    """Return a request's body, but for the model's name.

    Raises:
        ModelRejected: nothing is left to ask.
    """
    prompt = normalized(prompt)
    body: dict[str, Any] = {
        "messages": list(_messages(prompt)),
        "max_tokens": prompt.max_tokens,
        "stream": True,
    }
    if prompt.temperature is not None:
        body["temperature"] = prompt.temperature
    if prompt.top_p is not None:
        body["top_p"] = prompt.top_p
    if prompt.stop_sequences:
        body["stop"] = list(prompt.stop_sequences)
    if prompt.tools:
        body["tools"] = [_tool(spec) for spec in prompt.tools]
    return body


def text_of(content: object) -> str:
    """Return the text of a delta's content.

    Mistral's models that think write it in parts, of which thoughts are left out.
    https://docs.mistral.ai/capabilities/reasoning/

    Raises:
        KeyError: a part has no text.
        TypeError: it is something else.
    """
    if isinstance(content, list):
        return "".join(part["text"] for part in content if part["type"] == "text")
    if not isinstance(content, str | None):
        raise TypeError("a content of another type")
    return content or ""


def _messages(prompt: Prompt) -> Iterator[dict[str, Any]]:
    if prompt.system.strip():
        yield {"role": "system", "content": prompt.system}
    for message in prompt.messages:
        yield from map(_tool_result, message.tool_results)
        # A message that only holds results is nothing more.
        if message.text.strip() or message.tool_calls:
            yield _message(message)


def _message(message: Message) -> dict[str, Any]:
    calls = [_tool_call(call) for call in message.tool_calls]
    return {
        "role": message.role,
        "content": message.text if message.text.strip() else None,
        **({"tool_calls": calls} if calls else {}),
    }


def _tool_call(call: ToolCall) -> dict[str, Any]:
    arguments = json.dumps(dict(call.arguments or {}), ensure_ascii=False)
    function = {"name": call.name, "arguments": arguments}
    return {"id": call.id, "type": "function", "function": function}


def _tool_result(result: ToolResult) -> dict[str, Any]:
    # No member of the message says that a call failed.
    text = result.text if result.text.strip() else NO_RESULT
    text = f"Error: {text}" if result.failed else text
    return {"role": "tool", "tool_call_id": result.call_id, "content": text}


def _tool(spec: ToolSpec) -> dict[str, Any]:
    function = {"name": spec.name, "description": spec.description, "parameters": spec.schema}
    return {"type": "function", "function": function}
