"""A Bedrock knowledge base that answers with sources, through RetrieveAndGenerateStream.

Import it only if it is used. It is not for managed knowledge bases, which AWS keeps out of this
API: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_RetrieveAndGenerateStream.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fulfillment.models.base import Completion, Message, Prompt
from fulfillment.models.bedrock.citations import CitedText
from fulfillment.models.bedrock.event_stream import EventStreamAnswer
from fulfillment.models.bedrock.profiles import sampling

# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_RetrieveAndGenerateInput.html
MAX_QUESTION_CHARACTERS = 1000


class KnowledgeBaseModel:
    """A knowledge base, and the model that writes from what is found in it.

    Not sent are a prompt's tools and system text. Knowledge bases bring instructions of their
    own, and ``template`` takes the place of all of them: it has to hold ``$search_results$``, and
    without ``$output_format_instructions$`` there are no citations.
    https://docs.aws.amazon.com/bedrock/latest/userguide/kb-test-config.html

    The API's own memory is left alone, since only the service can name its sessions. What the
    user asked before goes before the question instead, as far as there is room; both are
    searched for.

    Takes a ``bedrock-agent-runtime`` client, the knowledge base's id, the ARN or id of a model or
    inference profile, the request's ``vectorSearchConfiguration`` (``numberOfResults``,
    ``filter`` …), its ``textPromptTemplate``, a guardrail as ``BedrockModel`` takes it, the
    model's own request fields, and the heading of the list of sources.
    """

    def __init__(
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

    def ask(self, prompt: Prompt) -> EventStreamAnswer:
        request = self._request(prompt)
        return EventStreamAnswer(
            lambda: self._client.retrieve_and_generate_stream(**request)["stream"],
            KnowledgeBaseReading(self._model_arn, self._sources_heading),
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
            "input": {"text": question(prompt.messages)},
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


def question(messages: Sequence[Message]) -> str:
    """Return what to ask: the last message, and the user's earlier ones before it.

    The newest of these come first to the room that there is, and none is cut. A question that is
    too long by itself is left to the service to refuse.
    """
    text = last = messages[-1].text
    asked: list[str] = []
    for said in reversed(messages[:-1]):
        if said.role != "user" or not said.text.strip():
            continue
        asked.insert(0, said.text)
        longer = "\n".join(("Asked before:", *asked, "", "Asked now:", last))
        if len(longer) > MAX_QUESTION_CHARACTERS:
            break
        text = longer
    return text


class KnowledgeBaseReading:
    """One RetrieveAndGenerateStream; see :class:`fulfillment.models.bedrock.event_stream.Reading`.

    No event says that the answer is complete, nor why it ended. What says so is the HTTP body:
    it comes in chunks, and urllib3 raises where the last one, which is empty, does not come. A
    service that ended a body as it should in the middle of an answer would not be noticed, unless
    nothing was written yet. (Headers of this service: https://github.com/boto/boto3/issues/3997)
    """

    def __init__(self, model_arn: str, sources_heading: str) -> None:
        self._model_arn = model_arn
        self._text = CitedText(sources_heading)
        self._wrote = False
        self._stop_reason = "end_turn"
        self.completion: Completion | None = None

    def read(self, event: Mapping[str, Any]) -> str:
        if output := event.get("output"):
            self._wrote = True
            return self._text.write(output.get("text", ""))
        if cited := event.get("citation"):
            # It is sent twice; the inner one is deprecated.
            return self._text.write(citations=[cited.get("citation", {}) | cited])
        if event.get("guardrail", {}).get("action") == "INTERVENED":
            self._stop_reason = "guardrail_intervened"
        return ""

    def end(self) -> str:
        if not self._wrote:
            return ""
        self.completion = Completion(self._model_arn, self._stop_reason)
        return self._text.end()
