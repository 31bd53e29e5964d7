from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fulfillment.errors import ModelInterrupted, ModelUnavailable
from fulfillment.models.base import Completion, Message, Prompt, StopReason
from fulfillment.models.bedrock.knowledge_bases import (
    MAX_QUESTION_CHARACTERS,
    KnowledgeBaseModel,
    question,
)
from tests.fulfillment.models.stream_server import Piece, read, serving
from websocket_stack.local.bedrock.event_stream import event

ARN = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0"
PROMPT = Prompt((Message("user", "What is Telos?"),), system="Be brief.", max_tokens=50)


def output(text: str) -> bytes:
    return event("output", {"text": text})


def citation(words: str, *references: Mapping[str, Any]) -> bytes:
    """As recorded: the same twice, once in the deprecated form."""
    cited = {
        "generatedResponsePart": {"textResponsePart": {"text": words, "span": {}}},
        "retrievedReferences": list(references),
    }
    return event("citation", {"citation": cited, **cited})


def s3(key: str) -> dict[str, Any]:
    return {
        "content": {"type": "TEXT", "text": "A passage."},
        "location": {"type": "S3", "s3Location": {"uri": f"s3://bucket/{key}"}},
        "metadata": {"x-amz-bedrock-kb-document-page-number": 3.0},
    }


def ask(*pieces: Piece, prompt: Prompt = PROMPT, cut: bool = False, **options: Any) -> Asked:
    with serving("bedrock-agent-runtime", *pieces, cut=cut) as served:
        answer = KnowledgeBaseModel(served.client, "KB12345678", ARN, **options).ask(prompt)
        written, error = read(answer)
    return Asked(written, error, answer.completion, served.paths, served.bodies)


class Asked:
    def __init__(
        self,
        written: str,
        error: Exception | None,
        completion: Completion | None,
        paths: list[str],
        bodies: list[Any],
    ) -> None:
        self.written = written
        self.error = error
        self.completion = completion
        self.path = paths[0]
        self.body = bodies[0]

    @property
    def configuration(self) -> Any:
        return self.body["retrieveAndGenerateConfiguration"]["knowledgeBaseConfiguration"]


# --- the stream


def test_the_text_is_followed_by_its_sources() -> None:
    asked = ask(
        output("\nT"),
        output("elos is a language."),
        output("\n"),
        citation("\nTelos is a language.", s3("VLDBJ96.pdf"), s3("VLDBJ96.pdf")),
        output("\nIt has time."),
        output("\n"),
        citation("\nIt has time.", s3("other.pdf"), s3("VLDBJ96.pdf")),
    )
    assert asked.error is None
    assert asked.written == (
        "\nTelos is a language. [1]\n\nIt has time. [2] [1]"
        "\n\n**Sources**\n\n1. VLDBJ96.pdf\n2. other.pdf"
    )
    assert asked.completion == Completion(ARN, StopReason.END_TURN)


def test_the_heading_of_the_sources_can_be_chosen() -> None:
    asked = ask(output("Ja."), citation("Ja.", s3("a.pdf")), sources_heading="Quellen")
    assert asked.written == "Ja. [1]\n\n**Quellen**\n\n1. a.pdf"


def test_a_text_without_citations_has_no_sources() -> None:
    asked = ask(output("Sorry, I am unable to assist."), citation("Sorry"))
    assert asked.written == "Sorry, I am unable to assist."


def test_the_deprecated_citation_alone_is_one() -> None:
    cited = {
        "generatedResponsePart": {"textResponsePart": {"text": "Yes."}},
        "retrievedReferences": [s3("a.pdf")],
    }
    asked = ask(output("Yes."), event("citation", {"citation": cited}))
    assert asked.written == "Yes. [1]\n\n**Sources**\n\n1. a.pdf"


def test_a_guardrail_is_the_reason_of_the_end() -> None:
    asked = ask(output("Not this."), event("guardrail", {"action": "INTERVENED"}))
    assert asked.written == "Not this."
    assert asked.completion == Completion(ARN, StopReason.BLOCKED)
    asked = ask(output("This."), event("guardrail", {"action": "NONE"}))
    assert asked.completion == Completion(ARN, StopReason.END_TURN)


def test_what_is_empty_or_new_says_nothing() -> None:
    asked = ask(
        event("initial-response", {}),
        output(""),
        event("brandNew", {"text": "no"}),
        event("guardrail", {}),
        event("citation", {}),
        output("Yes."),
    )
    assert (asked.written, asked.error) == ("Yes.", None)


def test_a_stream_that_is_cut_has_no_sources() -> None:
    asked = ask(output("So far"), citation("So far", s3("a.pdf")), cut=True)
    assert (asked.written, type(asked.error)) == ("So far [1]", ModelInterrupted)
    assert asked.completion is None


@pytest.mark.parametrize("cut", [True, False])
def test_a_stream_without_text_is_not_an_answer(cut: bool) -> None:
    asked = ask(event("guardrail", {"action": "NONE"}), cut=cut)
    assert (asked.written, type(asked.error)) == ("", ModelUnavailable)
    assert asked.completion is None


# --- the request


def test_the_request_asks_the_last_message() -> None:
    asked = ask(output("Yes."))
    assert asked.path == "/retrieveAndGenerateStream"
    assert asked.body == {
        "input": {"text": "What is Telos?"},
        "retrieveAndGenerateConfiguration": {
            "type": "KNOWLEDGE_BASE",
            "knowledgeBaseConfiguration": {
                "knowledgeBaseId": "KB12345678",
                "modelArn": ARN,
                "generationConfiguration": {
                    "inferenceConfig": {"textInferenceConfig": {"maxTokens": 50}}
                },
            },
        },
    }


def test_the_request_holds_what_was_chosen() -> None:
    search = {
        "numberOfResults": 5,
        "filter": {"equals": {"key": "tenant", "value": "a"}},
        "overrideSearchType": "HYBRID",
    }
    template = "Be brief. $search_results$ $output_format_instructions$"
    asked = ask(
        output("Yes."),
        prompt=PROMPT._replace(temperature=0.0, stop_sequences=("END",)),
        search=search,
        template=template,
        guardrail={
            "guardrailIdentifier": "arn:aws:bedrock:us-east-1:123456789012:guardrail/gr1",
            "guardrailVersion": "2",
        },
        fields={"top_k": 3},
    )
    assert asked.configuration["retrievalConfiguration"] == {"vectorSearchConfiguration": search}
    assert asked.configuration["generationConfiguration"] == {
        "inferenceConfig": {
            "textInferenceConfig": {"maxTokens": 50, "temperature": 0.0, "stopSequences": ["END"]}
        },
        "promptTemplate": {"textPromptTemplate": template},
        "guardrailConfiguration": {"guardrailId": "gr1", "guardrailVersion": "2"},
        "additionalModelRequestFields": {"top_k": 3},
    }


def test_earlier_questions_go_before_the_question() -> None:
    messages = (
        Message("user", "What is Telos?"),
        Message("assistant", "A language."),
        Message("user", " "),
        Message("user", "Who made it?"),
        Message("assistant", "Mylopoulos."),
        Message("user", "When?"),
    )
    assert question(Prompt(messages)) == (
        "Asked before:\nWhat is Telos?\nWho made it?\n\nAsked now:\nWhen?"
    )


def test_the_newest_questions_have_precedence() -> None:
    messages = (
        Message("user", "short"),
        Message("user", "x" * 900),
        Message("user", "newer"),
        Message("user", "When?" + "y" * 100),
    )
    asked = question(Prompt(messages))
    assert asked.startswith("Asked before:\nnewer\n\nAsked now:\nWhen?")
    assert len(asked) <= MAX_QUESTION_CHARACTERS


def test_a_question_that_is_too_long_is_cut() -> None:
    messages = (Message("user", "before"), Message("user", "y" * (MAX_QUESTION_CHARACTERS + 1)))
    assert question(Prompt(messages)) == "y" * MAX_QUESTION_CHARACTERS
