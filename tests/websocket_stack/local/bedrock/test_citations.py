"""Passages as they are cited."""

from __future__ import annotations

from fulfillment.models.bedrock.citations import Source, source_of
from websocket_stack.local.bedrock.citations import citation, reference
from websocket_stack.local.demo_model.passages import Passage

ORIGIN = "http://127.0.0.1:8000/"
README = Passage("README.md", "Lamps", "The lamp turns.")
DOCS = Passage("docs/lamps.md", "Lamps", "The lamp turns.")


def test_a_document_of_the_project_is_in_s3() -> None:
    read = reference(README, ORIGIN)

    assert read["content"] == {"type": "TEXT", "text": "The lamp turns."}
    assert read["location"] == {
        "type": "S3",
        "s3Location": {"uri": "s3://local-documents/README.md"},
    }
    assert read["metadata"]["x-amz-bedrock-kb-source-uri"] == "s3://local-documents/README.md"


def test_a_document_of_the_docs_is_a_page() -> None:
    location = reference(DOCS, ORIGIN)["location"]

    assert location == {
        "type": "WEB",
        "webLocation": {"url": "http://127.0.0.1:8000/docs/lamps.md"},
    }


def test_each_passage_is_its_own_chunk() -> None:
    def chunk(passage: Passage) -> str:
        return str(reference(passage, ORIGIN)["metadata"]["x-amz-bedrock-kb-chunk-id"])

    assert len({chunk(README), chunk(DOCS), chunk(Passage("README.md", "Fog", "x"))}) == 3


def test_a_citation_says_where_the_passage_is() -> None:
    cited = citation(README, 10, ORIGIN)

    assert cited["generatedResponsePart"] == {
        "textResponsePart": {"text": "The lamp turns.", "span": {"start": 10, "end": 24}}
    }
    assert cited["retrievedReferences"] == [reference(README, ORIGIN)]


def test_the_projects_adapter_reads_them() -> None:
    assert source_of(reference(README, ORIGIN)) == Source(
        "s3://local-documents/README.md", "README.md"
    )
    page = "http://127.0.0.1:8000/docs/lamps.md"
    assert source_of(reference(DOCS, ORIGIN)) == Source(page, "lamps.md", page)
