"""A Bedrock knowledge base that answers with sources, through RetrieveAndGenerateStream.

Import it only if it is used. It is not for managed knowledge bases, which AWS keeps out of this
API: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_RetrieveAndGenerateStream.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fulfillment.models.base import Completion, Prompt, StopReason
from fulfillment.models.bedrock.citations import CitedText
from fulfillment.models.bedrock.event_stream import BedrockStream
from fulfillment.models.bedrock.profiles import sampling
from fulfillment.models.prompts import question_of, repaired

# Less than Lex takes of a user.
# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_RetrieveAndGenerateInput.html
MAX_QUESTION_CHARACTERS = 1000


class KnowledgeBaseModel:
    """A knowledge base, and the model that writes from what is found in it.

    A prompt's tools and system text are not sent. Knowledge bases have instructions of their own,
    and ``template`` replaces all of them: it has to hold ``$search_results$``, and without
    ``$output_format_instructions$`` there are no citations.
    https://docs.aws.amazon.com/bedrock/latest/userguide/kb-test-config.html

    The API's own memory is not used, since only the service can name its sessions. The user's
    earlier questions are put before the new one instead, as far as they fit; all are searched for.

    Args:
        client: a boto3 client of ``bedrock-agent-runtime``.
        knowledge_base_id: the knowledge base.
        model_arn: the ARN or id of a model or inference profile.
        search: the request's ``vectorSearchConfiguration`` (``numberOfResults``, ``filter`` …).
        template: its ``textPromptTemplate``.
        guardrail: as :class:`fulfillment.models.bedrock.converse.ConverseModel` takes it.
        fields: the model's own request fields.
        sources_heading: the heading of the list of sources.
    """

    def __init__(  # noqa: PLR0913
        self,
        client: Any,
        knowledge_base_id: str,
        model_arn: str,
        *,
        search: Mapping[str, Any] | None = None,
        template: str = "",
        guardrail: Mapping[str, str] | None = None,
        fields: Mapping[str, object] | None = None,
        sources_heading: str = "Sources",
    ) -> None:
        self._client = client
        self._knowledge_base_id = knowledge_base_id
        self._model_arn = model_arn
        self._search = search
        self._template = template
        self._guardrail = guardrail
        self._fields = fields
        self._sources_heading = sources_heading

    def ask(self, prompt: Prompt) -> BedrockStream:
        """Prepare a call; see :class:`fulfillment.models.base.Model`."""
        request = self._request(prompt)
        return BedrockStream(
            lambda: self._client.retrieve_and_generate_stream(**request)["stream"],
            KnowledgeBaseDecoder(self._model_arn, self._sources_heading),
        )

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        configuration: dict[str, Any] = {
            "knowledgeBaseId": self._knowledge_base_id,
            "modelArn": self._model_arn,
            "generationConfiguration": self._generation(prompt),
        }
        if self._search:
            configuration["retrievalConfiguration"] = {
                "vectorSearchConfiguration": dict(self._search)
            }
        return {
            "input": {"text": question(prompt)},
            "retrieveAndGenerateConfiguration": {
                "type": "KNOWLEDGE_BASE",
                "knowledgeBaseConfiguration": configuration,
            },
        }

    def _generation(self, prompt: Prompt) -> dict[str, Any]:
        inference: dict[str, Any] = {"maxTokens": prompt.max_tokens}
        inference |= sampling(self._model_arn, prompt.temperature, prompt.top_p)
        if prompt.stop_sequences:
            inference["stopSequences"] = list(prompt.stop_sequences)
        generation: dict[str, Any] = {"inferenceConfig": {"textInferenceConfig": inference}}
        if self._template:
            generation["promptTemplate"] = {"textPromptTemplate": self._template}
        if self._guardrail:
            generation["guardrailConfiguration"] = {
                # Here it is never an ARN.
                "guardrailId": self._guardrail["guardrailIdentifier"].rpartition("/")[2],
                "guardrailVersion": self._guardrail["guardrailVersion"],
            }
        if self._fields:
            generation["additionalModelRequestFields"] = dict(self._fields)
        return generation


def question(prompt: Prompt) -> str:
    """Return what to ask: the last message, after as many of the user's earlier ones as fit.

    The newest have precedence, and none is cut, except a question that is too long by itself.

    Raises:
        ModelRejected: the last message is blank.
    """
    text = last = question_of(prompt)[:MAX_QUESTION_CHARACTERS]
    earlier: list[str] = []
    for message in reversed(repaired(prompt).messages[:-1]):
        if message.role != "user" or not message.text.strip():
            continue
        earlier.insert(0, message.text)
        longer = "\n".join(("Asked before:", *earlier, "", "Asked now:", last))
        if len(longer) > MAX_QUESTION_CHARACTERS:
            break
        text = longer
    return text


class KnowledgeBaseDecoder:
    """Decodes one stream; see :class:`fulfillment.models.bedrock.event_stream.StreamDecoder`.

    No event says that the answer is complete, nor why it ended. What says so is the HTTP body:
    it comes in chunks, and urllib3 raises where the last one, which is empty, does not come. A
    service that ended a body as it should in the middle of an answer would not be noticed, unless
    nothing was written yet. (Headers of this service: https://github.com/boto/boto3/issues/3997)

    Args:
        model_arn: the model, as a completion names it.
        sources_heading: the heading of the list of sources.
    """

    def __init__(self, model_arn: str, sources_heading: str) -> None:
        self._model_arn = model_arn
        self._text = CitedText(sources_heading)
        self._wrote = False
        self._stop_reason = StopReason.END_TURN
        self.completion: Completion | None = None

    def decode(self, event: Mapping[str, Any]) -> str:
        if output := event.get("output"):
            self._wrote = True
            return self._text.write(output.get("text", ""))
        if cited := event.get("citation"):
            # It is sent twice; the inner one is deprecated.
            return self._text.write(citations=[cited.get("citation", {}) | cited])
        if event.get("guardrail", {}).get("action") == "INTERVENED":
            self._stop_reason = StopReason.BLOCKED
        return ""

    def flush(self) -> str:
        if not self._wrote:
            return ""
        self.completion = Completion(self._model_arn, self._stop_reason)
        return self._text.end()
