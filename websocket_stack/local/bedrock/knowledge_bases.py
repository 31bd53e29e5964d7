"""RetrieveAndGenerateStream over the passages of this project: what is asked, and the events.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_RetrieveAndGenerateStream.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fulfillment.models.base import Message, ModelStream, Prompt
from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.bedrock import constraints
from websocket_stack.local.bedrock import event_stream as eventstream
from websocket_stack.local.bedrock.references import citation
from websocket_stack.local.demo_model.passages import Library, Passage

# What a knowledge base says that has found nothing.
NOTHING_FOUND = "Sorry, I am unable to assist you with this request."
# As the demo model: more is hard to read.
MOST_PASSAGES = 2
DEFAULT_MAX_TOKENS = 2048
GAP = "\n\n"


class Query(NamedTuple):
    """What a knowledge base is asked."""

    text: str
    most_passages: int
    cites: bool
    is_guarded: bool
    max_tokens: int
    stop_sequences: tuple[str, ...]
    session_id: str

    @property
    def prompt(self) -> Prompt:
        return Prompt(
            (Message("user", self.text),),
            max_tokens=self.max_tokens,
            stop_sequences=self.stop_sequences,
        )


def query_of(body: Mapping[str, Any]) -> Query:
    """Read a request; any knowledge base and any model will do.

    Raises:
        ServiceError: 400, mostly ``ValidationException``.
    """
    constraints.check("bedrock-agent-runtime", "RetrieveAndGenerateStream", body)
    configuration = _configuration(body.get("retrieveAndGenerateConfiguration") or {})
    generation = configuration.get("generationConfiguration") or {}
    inference = (generation.get("inferenceConfig") or {}).get("textInferenceConfig") or {}
    retrieval = configuration.get("retrievalConfiguration") or {}
    search = retrieval.get("vectorSearchConfiguration") or {}
    return Query(
        text=body["input"]["text"],
        most_passages=min(MOST_PASSAGES, search.get("numberOfResults") or MOST_PASSAGES),
        cites=_cites((generation.get("promptTemplate") or {}).get("textPromptTemplate") or ""),
        is_guarded=bool(generation.get("guardrailConfiguration")),
        max_tokens=inference.get("maxTokens") or DEFAULT_MAX_TOKENS,
        stop_sequences=tuple(inference.get("stopSequences") or ()),
        session_id=body.get("sessionId") or "",
    )


def _configuration(chosen: Mapping[str, Any]) -> Mapping[str, Any]:
    if chosen.get("type") == "EXTERNAL_SOURCES":
        raise _invalid("The local stack has no external sources; ask a KNOWLEDGE_BASE.")
    configuration: Mapping[str, Any] | None = chosen.get("knowledgeBaseConfiguration")
    if configuration is None:
        raise _invalid("knowledgeBaseConfiguration is required where the type is KNOWLEDGE_BASE.")
    return configuration


def _cites(template: str) -> bool:
    """Return whether answers have citations: with a template of one's own only if it asks for them.

    https://docs.aws.amazon.com/bedrock/latest/userguide/kb-test-config.html
    """
    if template and "$search_results$" not in template:
        raise _invalid("textPromptTemplate has to hold $search_results$.")
    return not template or "$output_format_instructions$" in template


def retrieve(library: Library, query: Query) -> Sequence[Passage]:
    """Return the passages that answer a query.

    Who asks in several lines asks in the last one; the others count where that finds nothing.
    """
    lines = [line for line in query.text.splitlines() if not line.rstrip().endswith(":")]
    for text in (*reversed(lines), query.text):
        if passages := library.find(text, query.most_passages):
            return passages
    return ()


def answer_of(passages: Sequence[Passage]) -> str:
    return GAP.join(passage.text for passage in passages) or NOTHING_FOUND


def events(
    answer: ModelStream, passages: Sequence[Passage], query: Query, origin: str
) -> Iterator[bytes]:
    """Yield the events of an answer that is being written; a citation follows what it is for.

    Raises:
        ModelError: see :class:`fulfillment.models.base.ModelStream`.
    """
    length = start = 0
    waiting = list(passages) if query.cites else []
    for text in filter(None, answer):
        yield eventstream.event("output", {"text": text})
        length += len(text)
        while waiting and start + len(waiting[0].text) <= length:
            passage = waiting.pop(0)
            yield _citation(citation(passage, start, origin))
            start += len(passage.text) + len(GAP)
    if query.is_guarded:
        # There is nothing here that it would object to.
        yield eventstream.event("guardrail", {"action": "NONE"})


def _citation(cited: Mapping[str, Any]) -> bytes:
    # Twice: the inner one is deprecated, and still sent.
    return eventstream.event("citation", {"citation": cited, **cited})


def _invalid(message: str) -> ServiceError:
    return ServiceError(400, "ValidationException", message)
