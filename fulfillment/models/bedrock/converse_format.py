"""ConverseStream as values: a prompt becomes a request, a stream's events a completion. Pure.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fulfillment.models.base import (
    NO_RESULT,
    Completion,
    Message,
    Prompt,
    StopReason,
    ToolCall,
    ToolResult,
    ToolSpec,
    parse_arguments,
)
from fulfillment.models.bedrock.profiles import sampling, takes_cache_points, thinking_tags
from fulfillment.models.prompts import normalized
from fulfillment.models.thoughts import ThoughtFilter
from fulfillment.text import repair_surrogates_in

# Those of Converse, and those of Claude that it passes on; an open set.
# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
# https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
STOP_REASONS = {
    "end_turn": StopReason.END_TURN,
    "stop_sequence": StopReason.STOP_SEQUENCE,
    "tool_use": StopReason.TOOL_USE,
    "max_tokens": StopReason.MAX_TOKENS,
    "model_context_window_exceeded": StopReason.MAX_TOKENS,
    "content_filtered": StopReason.REFUSED,
    "refusal": StopReason.REFUSED,
    "guardrail_intervened": StopReason.BLOCKED,
}


class ConverseContent(NamedTuple):
    """A message as a model wrote it, its signed thoughts included, which no other model takes."""

    model_id: str
    blocks: tuple[Mapping[str, Any], ...]


# --- the request


def request(
    prompt: Prompt,
    model_id: str,
    *,
    fields: Mapping[str, object] | None = None,
    guardrail: Mapping[str, str] | None = None,
    cache_ttl: str = "",
) -> dict[str, Any]:
    """Return the parameters of ``converse_stream``.

    Args:
        prompt: what the model is asked.
        model_id: a model or inference profile.
        fields: the ``additionalModelRequestFields``.
        guardrail: the ``guardrailConfig``.
        cache_ttl: how long Bedrock caches the request for the next one (``5m``, ``1h``); empty
            for not at all.

    Raises:
        ModelRejected: nothing is left to ask.
    """
    prompt = normalized(prompt)
    point = _cache_point(cache_ttl) if takes_cache_points(model_id) else []
    messages = [_message(message, model_id) for message in prompt.messages]
    tools = [_tool(spec) for spec in prompt.tools or _tools_of(prompt.messages)]
    # The next request finds it by itself, up to 20 blocks further on.
    # https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
    messages[-1]["content"] += point
    parameters: dict[str, Any] = {
        "modelId": model_id,
        "messages": messages,
        "inferenceConfig": _inference(prompt, model_id),
    }
    if prompt.system.strip():
        parameters["system"] = [{"text": prompt.system}, *point]
    if tools:
        parameters["toolConfig"] = {"tools": [*tools, *point]}
    if guardrail:
        parameters["guardrailConfig"] = dict(guardrail)
    if fields:
        parameters["additionalModelRequestFields"] = dict(fields)
    return parameters


def _cache_point(ttl: str) -> list[dict[str, Any]]:
    if not ttl:
        return []
    # Five minutes is what a point without ttl means, and botocore knows ttl since 1.42.32 only.
    return [{"cachePoint": {"type": "default"} | ({} if ttl == "5m" else {"ttl": ttl})}]


def _inference(prompt: Prompt, model_id: str) -> dict[str, Any]:
    config: dict[str, Any] = {"maxTokens": prompt.max_tokens}
    config |= sampling(model_id, prompt.temperature, prompt.top_p)
    if prompt.stop_sequences:
        config["stopSequences"] = list(prompt.stop_sequences)
    return config


def _message(message: Message, model_id: str) -> dict[str, Any]:
    original = message.provider_content
    if isinstance(original, ConverseContent) and original.model_id == model_id:
        return {"role": message.role, "content": _as_written(original.blocks, message.tool_calls)}
    # Claude wants results before all else in a message.
    # https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls
    content = [_tool_result(result) for result in message.tool_results]
    content += [{"text": message.text}] if message.text.strip() else []
    content += [_tool_use(call) for call in message.tool_calls]
    return {"role": message.role, "content": content}


def _as_written(
    blocks: Iterable[Mapping[str, Any]], calls: Iterable[ToolCall]
) -> list[Mapping[str, Any]]:
    """Return blocks as a model wrote them, but for what it may have made up of a call."""
    uses = map(_tool_use, calls)
    return [next(uses) if "toolUse" in block else repair_surrogates_in(block) for block in blocks]


def _tool_result(result: ToolResult) -> dict[str, Any]:
    # Blank text is refused wherever it stands, and a result cannot be left out.
    return {
        "toolResult": {
            "toolUseId": result.call_id,
            "content": [{"text": result.text if result.text.strip() else NO_RESULT}],
            "status": "error" if result.failed else "success",
        }
    }


def _tool_use(call: ToolCall) -> dict[str, Any]:
    # The input has to be an object, even where the model wrote none.
    return {
        "toolUse": {"toolUseId": call.id, "name": call.name, "input": dict(call.arguments or {})}
    }


def _tool(spec: ToolSpec) -> dict[str, Any]:
    described = {"description": spec.description} if spec.description.strip() else {}
    return {
        "toolSpec": {"name": spec.name, **described, "inputSchema": {"json": dict(spec.schema)}}
    }


def _tools_of(messages: Iterable[Message]) -> list[ToolSpec]:
    """Return the tools that were called before: Converse refuses those without a toolConfig."""
    names = dict.fromkeys(call.name for message in messages for call in message.tool_calls)
    return [ToolSpec(name, "", {"type": "object"}) for name in names]


# --- the stream


class ConverseDecoder:
    """Decodes one stream; see :class:`fulfillment.models.bedrock.event_stream.StreamDecoder`.

    Args:
        model_id: the model that was asked.
        tools: the names of the tools that it was offered.
        guarded_late: whether a guardrail looks at text only after it was streamed.
    """

    def __init__(
        self, model_id: str, tools: Iterable[str] = (), *, guarded_late: bool = False
    ) -> None:
        self._model_id = model_id
        self._tools = frozenset(tools)
        self._guarded_late = guarded_late
        self._blocks: dict[int, _Block] = {}
        self.completion: Completion | None = None

    def decode(self, event: Mapping[str, Any]) -> str:
        if "contentBlockDelta" in event:
            delta = event["contentBlockDelta"]
            return self._block(delta).grow(delta["delta"])
        if "contentBlockStart" in event:
            start = event["contentBlockStart"]
            # Gateways say of a block of text that it starts, and nothing more.
            self._block(start).start(start.get("start", {}), self._tools)
        elif "contentBlockStop" in event:
            return self._block(event["contentBlockStop"]).finish()
        elif "messageStop" in event:
            self.completion = self._completion(event["messageStop"]["stopReason"])
            # For those that no event ended.
            return "".join(self._blocks[index].finish() for index in sorted(self._blocks))
        elif "metadata" in event and self.completion is not None:
            self.completion = _measured(self.completion, event["metadata"])
        return ""

    def flush(self) -> str:
        return ""

    def _block(self, event: Mapping[str, Any]) -> _Block:
        index = event["contentBlockIndex"]
        if index not in self._blocks:
            self._blocks[index] = _Block(thinking_tags(self._model_id))
        return self._blocks[index]

    def _completion(self, reason: str) -> Completion:
        stop_reason = STOP_REASONS.get(reason, StopReason.OTHER)
        if stop_reason == StopReason.BLOCKED:
            # Nothing of it is to be acted on, nor to be shown to the model again.
            late = self._guarded_late
            return Completion(self._model_id, StopReason.RETRACTED if late else stop_reason)
        blocks = [self._blocks[index] for index in sorted(self._blocks)]
        content = tuple(part for block in blocks for part in block.content())
        # Thoughts alone make no message that Claude takes back.
        has_words = any("reasoningContent" not in part for part in content)
        return Completion(
            self._model_id,
            stop_reason,
            tool_calls=tuple(block.call for block in blocks if block.tool),
            provider_content=ConverseContent(self._model_id, content) if has_words else None,
        )


class _Block:
    """One content block as it grows; its deltas decide its type.

    Args:
        thinking_tags: see :class:`fulfillment.models.thoughts.ThoughtFilter`.
    """

    def __init__(self, thinking_tags: Sequence[str] = ()) -> None:
        self._visible = ThoughtFilter(thinking_tags)
        self.tool: Mapping[str, str] = {}
        """What a call is of, where it is ours to answer."""
        self.text = self.input = self.thought = self.signature = ""
        self.redacted = b""

    def start(self, start: Mapping[str, Any], tools: Container[str]) -> None:
        """Take what the block says of itself."""
        tool = start.get("toolUse", {})
        # What no one offered, and the service calls its own, it answers itself.
        if tool and (tool["name"] in tools or tool.get("type") != "server_tool_use"):
            self.tool = tool

    def grow(self, delta: Mapping[str, Any]) -> str:
        """Add a delta; return what is to be shown of its text."""
        text: str = delta.get("text", "")
        reasoning = delta.get("reasoningContent", {})
        self.text += text
        self.input += delta.get("toolUse", {}).get("input", "")
        self.thought += reasoning.get("text", "")
        self.signature += reasoning.get("signature", "")
        self.redacted += reasoning.get("redactedContent", b"")
        return self._visible.feed(text) if text else ""

    def finish(self) -> str:
        """Return what is still to be shown, now that the block is complete."""
        return self._visible.finish()

    @property
    def call(self) -> ToolCall:
        return ToolCall(self.tool["toolUseId"], self.tool["name"], parse_arguments(self.input))

    def content(self) -> Iterator[Mapping[str, Any]]:
        """Yield the block as it is sent back; nothing where it is blank or of no known kind."""
        if self.redacted:
            yield {"reasoningContent": {"redactedContent": self.redacted}}
        if self.thought or self.signature:
            signed = {"signature": self.signature} if self.signature else {}
            yield {"reasoningContent": {"reasoningText": {"text": self.thought, **signed}}}
        if self.text.strip():
            yield {"text": self.text}
        if self.tool:
            yield _tool_use(self.call)


def _measured(completion: Completion, metadata: Mapping[str, Any]) -> Completion:
    usage = metadata.get("usage", {})
    return completion._replace(
        input_tokens=usage.get("inputTokens"),
        output_tokens=usage.get("outputTokens"),
        latency_ms=metadata.get("metrics", {}).get("latencyMs"),
        cache_read_tokens=usage.get("cacheReadInputTokens"),
        cache_write_tokens=usage.get("cacheWriteInputTokens"),
    )
