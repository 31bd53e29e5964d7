"""Models that Converse does not know, through Bedrock's InvokeModelWithResponseStream.

Import it only if it is used. The body of a request and the chunks of a reply are each model's own;
a dialect says which. Tools are for Converse: they are not sent.
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from fulfillment.models import chat_format
from fulfillment.models.base import Completion, Message, Prompt, StopReason
from fulfillment.models.bedrock.converse_format import STOP_REASONS
from fulfillment.models.bedrock.event_stream import BedrockStream
from fulfillment.models.bedrock.profiles import least_thinking, sampling, thinking_tags
from fulfillment.models.prompts import normalized
from fulfillment.models.thoughts import ThoughtFilter

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

# What Bedrock adds to a model's own chunks.
# https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-use-invoke-model.html
GUARDRAIL_ACTION = "amazon-bedrock-guardrailAction"
GUARDRAIL_CONFIG = "amazon-bedrock-guardrailConfig"
METRICS = "amazon-bedrock-invocationMetrics"


class Delta(NamedTuple):
    """What one chunk adds to a reply."""

    text: str = ""
    stop_reason: StopReason | None = None
    """``None`` until the model has said why it ended."""


class Dialect(NamedTuple):
    """How to ask a model, and how to read what it answers."""

    body_of: Callable[[Prompt], Mapping[str, object]]
    """Returns a request's body, given a prompt of texts whose roles alternate."""
    delta_of: Callable[[Mapping[str, Any]], Delta]
    """Reads one chunk; those of an unknown kind add nothing."""


class NativeModel:
    """A model, inference profile or imported model on Bedrock, asked in its own dialect.

    Args:
        client: a boto3 client of ``bedrock-runtime``.
        model_id: the model, inference profile or imported model.
        dialect: the model's own form of requests and chunks.
        fields: members to add to the body; by default, those that make Claude write at once.
        guardrail: as :class:`fulfillment.models.bedrock.converse.ConverseModel` takes it.
    """

    def __init__(
        self,
        client: BedrockRuntimeClient,
        model_id: str,
        dialect: Dialect,
        *,
        fields: Mapping[str, object] | None = None,
        guardrail: Mapping[str, str] | None = None,
    ) -> None:
        self._client = client
        self._model_id = model_id
        self._dialect = dialect
        self._fields = fields if fields is not None else least_thinking(model_id)
        self._guardrail = guardrail or {}
        self._guarded_late = self._guardrail.get("streamProcessingMode") == "async"

    def ask(self, prompt: Prompt) -> BedrockStream:
        """Prepare a call; see :class:`fulfillment.models.base.Model`."""
        request = self._request(prompt)
        return BedrockStream(
            lambda: self._client.invoke_model_with_response_stream(**request)["body"],
            NativeDecoder(self._model_id, self._dialect, guarded_late=self._guarded_late),
        )

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        body = {**self._dialect.body_of(self._accepted(prompt)), **self._fields}
        if self._guarded_late:
            body[GUARDRAIL_CONFIG] = {"streamProcessingMode": "ASYNCHRONOUS"}
        guardrail = {
            name: self._guardrail[name]
            for name in ("guardrailIdentifier", "guardrailVersion")
            if name in self._guardrail
        }
        return {
            "modelId": self._model_id,
            "contentType": "application/json",
            "accept": "application/json",
            "body": json.dumps(body).encode(),
            **guardrail,
        }

    def _accepted(self, prompt: Prompt) -> Prompt:
        """Return what the model takes of a prompt: no tools, and not all sampling parameters."""
        messages = (Message(message.role, message.text) for message in prompt.messages)
        accepted = sampling(self._model_id, prompt.temperature, prompt.top_p)
        return normalized(
            prompt._replace(
                messages=tuple(messages),
                tools=(),
                temperature=accepted.get("temperature"),
                top_p=accepted.get("topP"),
            )
        )


class NativeDecoder:
    """Decodes one stream; see :class:`fulfillment.models.bedrock.event_stream.StreamDecoder`.

    Args:
        model_id: the model that was asked.
        dialect: the model's own form of chunks.
        guarded_late: whether a guardrail looks at text only after it was streamed.
    """

    def __init__(self, model_id: str, dialect: Dialect, *, guarded_late: bool = False) -> None:
        self._model_id = model_id
        self._dialect = dialect
        self._visible = ThoughtFilter(thinking_tags(model_id))
        self._blocked = StopReason.RETRACTED if guarded_late else StopReason.BLOCKED
        self.completion: Completion | None = None

    def decode(self, event: Mapping[str, Any]) -> str:
        chunk = json.loads(event.get("chunk", {}).get("bytes") or b"{}")
        if not isinstance(chunk, dict):
            return ""
        text, stop_reason = self._dialect.delta_of(chunk)
        text = self._visible.feed(text) if text else ""
        if chunk.get(GUARDRAIL_ACTION) == "INTERVENED":
            # Whatever else is said of the end, this is why.
            self.completion = Completion(self._model_id, self._blocked)
        elif stop_reason is not None and self.completion is None:
            self.completion = Completion(self._model_id, stop_reason)
            text += self._visible.finish()
        if self.completion is not None and METRICS in chunk:
            self.completion = _measured(self.completion, chunk[METRICS])
        return text

    def flush(self) -> str:
        return ""


def _measured(completion: Completion, metrics: Mapping[str, Any]) -> Completion:
    return completion._replace(
        input_tokens=metrics.get("inputTokenCount"),
        output_tokens=metrics.get("outputTokenCount"),
        latency_ms=metrics.get("invocationLatency"),
        cache_read_tokens=metrics.get("cacheReadInputTokenCount"),
        cache_write_tokens=metrics.get("cacheWriteInputTokenCount"),
    )


def _stop_reason(word: str | None, reasons: Mapping[str, StopReason]) -> StopReason | None:
    return reasons.get(word, StopReason.OTHER) if word else None


def _messages_body(prompt: Prompt) -> Mapping[str, object]:
    body: dict[str, object] = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": prompt.max_tokens,
        "messages": [
            {"role": message.role, "content": message.text} for message in prompt.messages
        ],
    }
    if prompt.system.strip():
        body["system"] = prompt.system
    if prompt.temperature is not None:
        body["temperature"] = prompt.temperature
    if prompt.top_p is not None:
        body["top_p"] = prompt.top_p
    if prompt.stop_sequences:
        body["stop_sequences"] = list(prompt.stop_sequences)
    return body


def _messages_delta(chunk: Mapping[str, Any]) -> Delta:
    delta = chunk.get("delta") or {}
    if chunk.get("type") == "content_block_delta":
        return Delta(delta.get("text") or "")
    return Delta(stop_reason=_stop_reason(delta.get("stop_reason"), STOP_REASONS))


def _chat_delta(chunk: Mapping[str, Any]) -> Delta:
    choice: Mapping[str, Any] = next(iter(chunk.get("choices") or ()), {})
    stop_reason = _stop_reason(choice.get("finish_reason"), chat_format.STOP_REASONS)
    return Delta(chat_format.text_of((choice.get("delta") or {}).get("content")), stop_reason)


# Claude's own Messages API.
# https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
ANTHROPIC_MESSAGES = Dialect(_messages_body, _messages_delta)

# OpenAI's Chat Completions, which imported models speak; for some of them there is no Converse.
# https://docs.aws.amazon.com/bedrock/latest/userguide/invoke-imported-model.html
CHAT_COMPLETIONS = Dialect(chat_format.body_of, _chat_delta)
