"""RetrieveAndGenerateStream over this project's docs: its requests, sessions and events.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_RetrieveAndGenerateStream.html
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fulfillment.models.base import Message, ModelStream, Prompt
from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.bedrock.citations import citation
from websocket_stack.local.bedrock.event_stream import event
from websocket_stack.local.bedrock.validation import validate
from websocket_stack.local.demo_model.passages import Library, Passage

# The reply of a knowledge base that has found nothing.
NOTHING_FOUND = "Sorry, I am unable to assist you with this request."
# As the demo model: more is hard to read.
MAX_PASSAGES = 2
DEFAULT_MAX_TOKENS = 2048
GAP = "\n\n"


class Query(NamedTuple):
    """A RetrieveAndGenerateStream request."""

    text: str
    max_passages: int
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
    """Read a request, for any knowledge base and any model.

    Raises:
        ServiceError: 400, mostly ``ValidationException``.
    """
    validate("bedrock-agent-runtime", "RetrieveAndGenerateStream", body)
    configuration = _configuration(body.get("retrieveAndGenerateConfiguration") or {})
    generation = configuration.get("generationConfiguration") or {}
    inference = (generation.get("inferenceConfig") or {}).get("textInferenceConfig") or {}
    retrieval = configuration.get("retrievalConfiguration") or {}
    search = retrieval.get("vectorSearchConfiguration") or {}
    return Query(
        text=body["input"]["text"],
        max_passages=min(MAX_PASSAGES, search.get("numberOfResults") or MAX_PASSAGES),
        cites=_cites((generation.get("promptTemplate") or {}).get("textPromptTemplate") or ""),
        is_guarded=bool(generation.get("guardrailConfiguration")),
        max_tokens=inference.get("maxTokens") or DEFAULT_MAX_TOKENS,
        stop_sequences=tuple(inference.get("stopSequences") or ()),
        session_id=body.get("sessionId") or "",
    )


def _configuration(body: Mapping[str, Any]) -> Mapping[str, Any]:
    if body.get("type") == "EXTERNAL_SOURCES":
        raise _invalid("The local stack has no external sources; ask a KNOWLEDGE_BASE.")
    configuration: Mapping[str, Any] | None = body.get("knowledgeBaseConfiguration")
    if configuration is None:
        raise _invalid("knowledgeBaseConfiguration is required where the type is KNOWLEDGE_BASE.")
    return configuration


def _cites(template: str) -> bool:
    """Return whether replies have citations: with a custom template only if it asks for them.

    https://docs.aws.amazon.com/bedrock/latest/userguide/kb-test-config.html
    """
    if template and "$search_results$" not in template:
        raise _invalid("textPromptTemplate has to hold $search_results$.")
    return not template or "$output_format_instructions$" in template


class KnowledgeBaseSessions:
    """The sessions that were begun here; nothing else is remembered of them.

    Only the service can name one: https://github.com/aws/aws-sdk/issues/763
    """

    def __init__(self) -> None:
        self._ids = set[str]()

    def begin_or_resume(self, session_id: str) -> str:
        """Return the session's id, a new one if it is empty.

        Raises:
            ServiceError: 400, there is no such session.
        """
        if session_id and session_id not in self._ids:
            raise _invalid(
                f"Session with Id {session_id} is not valid. Please check and try again."
            )
        session_id = session_id or str(uuid.uuid4())
        self._ids.add(session_id)
        return session_id


def retrieve(library: Library, query: Query) -> Sequence[Passage]:
    """Return the passages that answer a query.

    A query of several lines is about its last one; the others count where that finds nothing.
    """
    lines = [line for line in query.text.splitlines() if not line.rstrip().endswith(":")]
    for text in (*reversed(lines), query.text):
        if passages := library.find(text, query.max_passages):
            return passages
    return ()


def reply_of(passages: Sequence[Passage]) -> str:
    """Return the reply that quotes passages, or an apology for none."""
    return GAP.join(passage.text for passage in passages) or NOTHING_FOUND


def events(
    stream: ModelStream, passages: Sequence[Passage], query: Query, origin: str
) -> Iterator[bytes]:
    """Yield the events of a reply while the model writes it; a citation follows its passage.

    Args:
        stream: the model's call, which writes the passages.
        passages: the passages.
        query: what was asked.
        origin: the address at which this server shows documents.

    Raises:
        ModelError: the model failed.
    """
    length = start = 0
    waiting = list(passages) if query.cites else []
    for text in filter(None, stream):
        yield event("output", {"text": text})
        length += len(text)
        while waiting and start + len(waiting[0].text) <= length:
            passage = waiting.pop(0)
            cited = citation(passage, start, origin)
            # Twice: the inner one is deprecated, and still sent.
            yield event("citation", {"citation": cited, **cited})
            start += len(passage.text) + len(GAP)
    if query.is_guarded:
        # There is no guardrail here, so it objects to nothing.
        yield event("guardrail", {"action": "NONE"})


def _invalid(message: str) -> ServiceError:
    return ServiceError(400, "ValidationException", message)
