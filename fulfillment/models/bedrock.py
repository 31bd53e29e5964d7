"""Claude, or any other text model, through Amazon Bedrock's ConverseStream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import urllib3
from botocore.eventstream import ParserError
from botocore.exceptions import BotoCoreError, ClientError

from fulfillment.errors import ModelInterrupted, ModelRejected, ModelUnavailable
from fulfillment.models.base import Completion, Prompt

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

# All that a broken stream can raise from botocore's iterator: modelled and unmodelled exception
# events (EventStreamError is a ClientError), resets and stalls (urllib3's own), corrupt frames.
STREAM_ERRORS = (ClientError, BotoCoreError, urllib3.exceptions.HTTPError, ParserError, OSError)

# Refusals of the request itself. Codes differ in case before and in the stream.
# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
REJECTIONS = frozenset(
    {"accessdeniedexception", "validationexception", "resourcenotfoundexception"}
)

# Newer models think before they write unless told not to, which the reader sees as silence.
# Haiku 5.5 takes "disabled"; Sonnet 5.5 refuses it and takes "between_tools" as its least.
# https://platform.claude.com/docs/en/build-with-claude/extended-thinking
LEAST_THINKING: Mapping[str, Mapping[str, object]] = {
    "claude-haiku-5-5": {"thinking": {"type": "disabled"}},
    "claude-sonnet-5-5": {"thinking": {"type": "between_tools"}},
}


class BedrockModel:
    """A model or inference profile on Bedrock.

    Takes a ``bedrock-runtime`` client, a model id, the model's own request fields
    (``additionalModelRequestFields``; left out, these are what makes it write at once), and the
    request's ``guardrailConfig``.
    """

    def __init__(
        self,
        client: BedrockRuntimeClient,
        model_id: str,
        fields: Mapping[str, object] | None = None,
        guardrail: Mapping[str, str] | None = None,
    ) -> None:
        self._client = client
        self._guardrail = guardrail
        self._model_id = model_id
        self._fields = fields if fields is not None else least_thinking(model_id)

    def ask(self, prompt: Prompt) -> BedrockAnswer:
        return BedrockAnswer(self._client, self._model_id, self._request(prompt))

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        request: dict[str, Any] = {
            "modelId": self._model_id,
            "messages": [
                {"role": message.role, "content": [{"text": message.text}]}
                for message in prompt.messages
            ],
            # maxTokens alone: the 2026 Claude models answer 400 to temperature and topP.
            "inferenceConfig": {"maxTokens": prompt.max_tokens},
        }
        if prompt.system:
            request["system"] = [{"text": prompt.system}]
        if self._guardrail:
            # In its default mode, sync, no text leaves before the guardrail has seen it.
            request["guardrailConfig"] = dict(self._guardrail)
        if self._fields:
            request["additionalModelRequestFields"] = dict(self._fields)
        return request


def least_thinking(model_id: str) -> Mapping[str, object]:
    """Return the request fields that make a model write as soon as it can."""
    for family, fields in LEAST_THINKING.items():
        if family in model_id:
            return fields
    return {}


class BedrockAnswer:
    """One ConverseStream call; see :class:`fulfillment.models.base.Answer`."""

    def __init__(
        self, client: BedrockRuntimeClient, model_id: str, request: Mapping[str, Any]
    ) -> None:
        self._client = client
        self._model_id = model_id
        self._request = request
        self._stream: Any = None
        self._closed = False
        self.completion: Completion | None = None

    def __iter__(self) -> Iterator[str]:
        wrote = False
        try:
            for event in self._open():
                text = self._text(event)
                wrote = wrote or bool(text)
                yield text
        except STREAM_ERRORS as exc:
            raise translate(exc, wrote=wrote) from exc
        finally:
            if self._stream is not None:
                self._stream.close()
        if self.completion is None and not self._closed:
            # A body that merely ends, even in the middle of a frame, raises nothing in botocore.
            kind = ModelInterrupted if wrote else ModelUnavailable
            raise kind("the stream ended without messageStop")

    def close(self) -> None:
        self._closed = True
        if self._stream is not None:
            interrupt(self._stream)

    def _open(self) -> Iterator[Mapping[str, Any]]:
        if self._closed:
            return iter(())
        response = self._client.converse_stream(**self._request)
        self._stream = response["stream"]
        # Closed while the call was under way: what comes of it is not read.
        return iter(()) if self._closed else iter(self._stream)

    def _text(self, event: Mapping[str, Any]) -> str:
        """Take in one event; return the text that it carries, if any.

        Reasoning, tool use, citations and deltas that this SDK does not know are not text.
        """
        if "contentBlockDelta" in event:
            text: str = event["contentBlockDelta"]["delta"].get("text", "")
            return text
        if "messageStop" in event:
            self.completion = Completion(self._model_id, event["messageStop"]["stopReason"])
        elif "metadata" in event and self.completion is not None:
            usage = event["metadata"].get("usage", {})
            self.completion = Completion(
                self._model_id,
                self.completion.stop_reason,
                input_tokens=usage.get("inputTokens"),
                output_tokens=usage.get("outputTokens"),
                latency_ms=event["metadata"].get("metrics", {}).get("latencyMs"),
            )
        return ""


def translate(
    error: Exception, *, wrote: bool
) -> ModelInterrupted | ModelRejected | ModelUnavailable:
    """Return our error for one of ``STREAM_ERRORS``; its message holds the code at most."""
    code = type(error).__name__
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code") or code
    if wrote:
        return ModelInterrupted(code)
    return ModelRejected(code) if code.lower() in REJECTIONS else ModelUnavailable(code)


def interrupt(stream: Any) -> None:
    """Make a read of a botocore event stream that blocks in another thread return.

    ``EventStream.close`` would wait for that read: it closes the buffered file under it.
    ``urllib3.HTTPResponse.shutdown`` (urllib3 2.3) is made for this; the reading thread then
    closes the stream itself.
    """
    shutdown = getattr(getattr(stream, "_raw_stream", None), "shutdown", None)
    if shutdown is not None:
        try:
            shutdown()
        except (ValueError, RuntimeError, OSError):
            pass  # it has ended by itself
