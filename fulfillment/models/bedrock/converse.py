"""Claude, or any other text model, through Amazon Bedrock's ConverseStream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fulfillment.models.base import Prompt
from fulfillment.models.bedrock.converse_format import ConverseDecoder, request
from fulfillment.models.bedrock.event_stream import BedrockStream
from fulfillment.models.bedrock.profiles import least_thinking

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient


class ConverseModel:
    """A model or inference profile on Bedrock.

    Args:
        client: a boto3 client of ``bedrock-runtime``.
        model_id: the model or inference profile.
        fields: the model's own request fields (``additionalModelRequestFields``); by default,
            those that make it write at once.
        guardrail: the request's ``guardrailConfig``.
        cache_ttl: how long Bedrock caches a request for the next one (``5m``, ``1h``); empty for
            not at all.
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

    def ask(self, prompt: Prompt) -> BedrockStream:
        """Prepare a call; see :class:`fulfillment.models.base.Model`."""
        parameters = self._request(prompt)
        tools = [spec.name for spec in prompt.tools]
        return BedrockStream(
            lambda: self._client.converse_stream(**parameters)["stream"],
            ConverseDecoder(self._model_id, tools, guarded_late=self._guarded_late),
        )

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        return request(
            prompt,
            self._model_id,
            fields=self._fields,
            guardrail=self._guardrail,
            cache_ttl=self._cache_ttl,
        )
