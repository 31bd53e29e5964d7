"""Claude, or any other text model, through Amazon Bedrock's ConverseStream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.parsers import ResponseParserError

from fulfillment.models.base import Prompt
from fulfillment.models.bedrock.converse_format import Reading, request
from fulfillment.models.bedrock.event_stream import EventStreamAnswer
from fulfillment.models.bedrock.profiles import least_thinking

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient


class BedrockModel:
    """A model or inference profile on Bedrock.

    Takes a ``bedrock-runtime`` client, a model id, the model's own request fields
    (``additionalModelRequestFields``; left out, these are what makes it write at once), the
    request's ``guardrailConfig``, and for how long Bedrock is to keep what it has read for the
    next request (``5m``, ``1h``; empty: not at all).
    """

    def __init__(
        self,
        client: BedrockRuntimeClient,
        model_id: str,
        fields: Mapping[str, object] | None = None,
        guardrail: Mapping[str, str] | None = None,
        cache_ttl: str = "",
    ) -> None:
        self._client = client
        self._model_id = model_id
        self._fields = fields if fields is not None else least_thinking(model_id)
        self._guardrail = guardrail or {}
        # In its default mode, sync, no text leaves before the guardrail has seen it.
        # https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-streaming.html
        self._guarded_late = self._guardrail.get("streamProcessingMode") == "async"
        self._cache_ttl = cache_ttl

    def ask(self, prompt: Prompt) -> EventStreamAnswer:
        made = self._request(prompt)
        return EventStreamAnswer(
            lambda: self._client.converse_stream(**made)["stream"],
            ConverseReading(self._model_id, guarded_late=self._guarded_late),
        )

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        return request(
            prompt,
            self._model_id,
            fields=self._fields,
            guardrail=self._guardrail,
            cache_ttl=self._cache_ttl,
        )


class ConverseReading(Reading):
    """One ConverseStream; see :class:`fulfillment.models.bedrock.event_stream.Reading`."""

    def read(self, event: Mapping[str, Any]) -> str:
        try:
            return super().read(event)
        except KeyError as exc:
            # As botocore calls it, where it is the one to notice.
            raise ResponseParserError("an event of another shape") from exc

    def end(self) -> str:
        return ""
