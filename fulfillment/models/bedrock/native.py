"""Models that Converse does not know, through Bedrock's InvokeModelWithResponseStream.

Import it only if it is used. The body of a request and what comes back are each model's own; a
dialect says which. Tools are for Converse: they are not sent.
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.eventstream import ParserError

from fulfillment.models.base import Completion, Prompt
from fulfillment.models.bedrock.event_stream import EventStreamAnswer
from fulfillment.models.bedrock.profiles import least_thinking, sampling

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

# Converse's words for what other dialects say.
STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "content_filtered"}

# What Bedrock adds to a model's own chunks.
# https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-use-invoke-model.html
GUARDRAIL_ACTION = "amazon-bedrock-guardrailAction"
GUARDRAIL_CONFIG = "amazon-bedrock-guardrailConfig"
METRICS = "amazon-bedrock-invocationMetrics"


class Said(NamedTuple):
    """What one chunk says."""

    text: str = ""
    stop_reason: str = ""
    """Empty until the model has said why it ended."""


class Dialect(NamedTuple):
    """How to ask a model, and how to read what it answers."""

    body_of: Callable[[Prompt], Mapping[str, object]]
    """Return a request's body."""
    read: Callable[[Mapping[str, Any]], Said]
    """Read one chunk; those of an unknown kind say nothing."""


class InvokeModel:
    """A model, inference profile or imported model on Bedrock, asked in its own dialect.

    Takes a ``bedrock-runtime`` client, a model id, the dialect, members to add to the body (left
    out, these are what makes Claude write at once), and a guardrail as ``BedrockModel`` takes it.
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

    def ask(self, prompt: Prompt) -> EventStreamAnswer:
        request = self._request(prompt)
        return EventStreamAnswer(
            lambda: self._client.invoke_model_with_response_stream(**request)["body"],
            InvokeReading(self._model_id, self._dialect, guarded_late=self._guarded_late),
        )

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        taken = sampling(self._model_id, prompt.temperature, prompt.top_p)
        prompt = prompt._replace(temperature=taken.get("temperature"), top_p=taken.get("topP"))
        body = {**self._dialect.body_of(prompt), **self._fields}
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


class InvokeReading:
    """One InvokeModelWithResponseStream; a :class:`.event_stream.Reading`."""

    def __init__(self, model_id: str, dialect: Dialect, *, guarded_late: bool = False) -> None:
        self._model_id = model_id
        self._dialect = dialect
        self._guarded_late = guarded_late
        self.completion: Completion | None = None

    def read(self, event: Mapping[str, Any]) -> str:
        chunk = _json(event.get("chunk", {}).get("bytes") or b"{}")
        said = self._dialect.read(chunk)
        if chunk.get(GUARDRAIL_ACTION) == "INTERVENED":
            # Whatever else is said of the end, this is why.
            reason, withdrawn = "guardrail_intervened", self._guarded_late
            self.completion = Completion(self._model_id, reason, withdrawn=withdrawn)
        elif said.stop_reason and self.completion is None:
            reason = STOP_REASONS.get(said.stop_reason, said.stop_reason)
            self.completion = Completion(self._model_id, reason)
        if self.completion is not None and METRICS in chunk:
            self.completion = _measured(self.completion, chunk[METRICS])
        return said.text

    def end(self) -> str:
        return ""


def _json(part: bytes) -> Mapping[str, Any]:
    try:
        chunk = json.loads(part)
    except ValueError as exc:
        raise ParserError("a chunk is not JSON") from exc
    return chunk if isinstance(chunk, dict) else {}


def _measured(completion: Completion, metrics: Mapping[str, Any]) -> Completion:
    return completion._replace(
        input_tokens=metrics.get("inputTokenCount"),
        output_tokens=metrics.get("outputTokenCount"),
        latency_ms=metrics.get("invocationLatency"),
        cache_read_tokens=metrics.get("cacheReadInputTokenCount"),
        cache_write_tokens=metrics.get("cacheWriteInputTokenCount"),
    )


def _conversation(prompt: Prompt) -> list[dict[str, str]]:
    said = [message for message in prompt.messages if message.text.strip()]
    return [{"role": message.role, "content": message.text} for message in said]


def _given(**members: object) -> dict[str, object]:
    return {name: value for name, value in members.items() if value not in (None, "", [])}


def _messages_body(prompt: Prompt) -> Mapping[str, object]:
    return {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": prompt.max_tokens,
        "messages": _conversation(prompt),
        **_given(
            system=prompt.system.strip(),
            temperature=prompt.temperature,
            top_p=prompt.top_p,
            stop_sequences=list(prompt.stop_sequences),
        ),
    }


def _messages_chunk(chunk: Mapping[str, Any]) -> Said:
    delta = chunk.get("delta", {})
    if chunk.get("type") == "content_block_delta":
        return Said(delta.get("text", ""))
    return Said(stop_reason=delta.get("stop_reason") or "")


def _chat_body(prompt: Prompt) -> Mapping[str, object]:
    system = [{"role": "system", "content": prompt.system}] if prompt.system.strip() else []
    return {
        "max_tokens": prompt.max_tokens,
        "messages": system + _conversation(prompt),
        "stream": True,
        **_given(
            temperature=prompt.temperature,
            top_p=prompt.top_p,
            stop=list(prompt.stop_sequences),
        ),
    }


def _chat_chunk(chunk: Mapping[str, Any]) -> Said:
    choice: Mapping[str, Any] = next(iter(chunk.get("choices", ())), {})
    return Said(choice.get("delta", {}).get("content") or "", choice.get("finish_reason") or "")


# Claude's own Messages API.
# https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
ANTHROPIC_MESSAGES = Dialect(_messages_body, _messages_chunk)

# OpenAI's Chat Completions, which imported models speak; for some of them there is no Converse.
# https://docs.aws.amazon.com/bedrock/latest/userguide/invoke-imported-model.html
CHAT_COMPLETIONS = Dialect(_chat_body, _chat_chunk)
