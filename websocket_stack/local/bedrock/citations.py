"""Passages as Bedrock's knowledge bases and agents cite them.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_Citation.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from websocket_stack.local.demo_model.passages import Passage

DATA_SOURCE_ID = "LOCALDOCS0"
BUCKET = "local-documents"


def citation(passage: Passage, start: int, origin: str) -> Mapping[str, Any]:
    """Return the citation of a passage that a reply quotes.

    Args:
        passage: the passage.
        start: where it starts in the reply.
        origin: the address at which this server shows documents.
    """
    # The end is that of the last character.
    span = {"start": start, "end": start + len(passage.text) - 1}
    return {
        "generatedResponsePart": {"textResponsePart": {"text": passage.text, "span": span}},
        "retrievedReferences": [reference(passage, origin)],
    }


def reference(passage: Passage, origin: str) -> Mapping[str, Any]:
    """Return a passage as it was retrieved: pages of ``docs/`` from the web, others from S3."""
    if passage.source.startswith("docs/"):
        address = f"{origin.rstrip('/')}/{passage.source}"
        location = {"type": "WEB", "webLocation": {"url": address}}
    else:
        address = f"s3://{BUCKET}/{passage.source}"
        location = {"type": "S3", "s3Location": {"uri": address}}
    chunk = hashlib.sha256(f"{address}#{passage.heading}".encode()).hexdigest()
    return {
        "content": {"type": "TEXT", "text": passage.text},
        "location": location,
        "metadata": {
            "x-amz-bedrock-kb-source-uri": address,
            "x-amz-bedrock-kb-chunk-id": f"1%3A0%3A{chunk[:20]}",
            "x-amz-bedrock-kb-data-source-id": DATA_SOURCE_ID,
        },
    }
