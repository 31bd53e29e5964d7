"""The transcripts of the docs, replayed on the local stack."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from websockets.sync.client import connect

from fulfillment.testing import ScriptedModel
from tests.documents import READER, Block, Document
from tests.stack_fixture import running_stack
from websocket_stack.local.bedrock import routes as bedrock_routes

pytestmark = pytest.mark.slow

TRANSCRIPTS = [
    block for path in READER for block in Document(path).blocks if block.language == "transcript"
]


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    model = ScriptedModel("Hello there.", repeats=True)
    with running_stack(model_routes=bedrock_routes.routes(model)) as origin:
        yield origin


@pytest.mark.parametrize("block", TRANSCRIPTS, ids=str)
def test_a_transcript_is_what_happens(origin: str, block: Block) -> None:
    with connect(f"{origin.replace('http', 'ws', 1)}/dev", proxy=None) as socket:
        for line in block.text.splitlines():
            direction, _, message = line.partition(" ")
            if direction == ">":
                socket.send(message)
            else:
                assert json.loads(socket.recv(20)) == json.loads(message)
