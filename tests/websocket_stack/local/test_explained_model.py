from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import openai
import pytest

from fulfillment.errors import ModelError
from fulfillment.models.base import Message, Prompt
from fulfillment.models.openai_compatible import OpenAICompatibleModel
from fulfillment.testing import ScriptedModel
from websocket_stack.local.explained_model import ExplainedModel

pytestmark = pytest.mark.slow

PROMPT = Prompt((Message("user", "Hello?"),))


@contextmanager
def refusing(status: int, body: str) -> Iterator[str]:
    """Serve one answer to everything; yields the address."""

    class Refusal(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Refusal) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()


def told(address: str) -> list[str]:
    """Return what is told of a model at an address, which fails."""
    lines: list[str] = []
    with openai.OpenAI(base_url=address, api_key="wrong", max_retries=0) as client:
        model = ExplainedModel(OpenAICompatibleModel(client, "m"), lines.append)
        with pytest.raises(ModelError):
            list(model.ask(PROMPT))
    return lines


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (401, {"error": {"message": "Incorrect API key"}}, "Incorrect API key"),
        (
            404,
            {"error": {"message": "The model\n`m` does not exist"}},
            "The model `m` does not exist",
        ),
        (400, {"detail": "no tools here"}, "no tools here"),
    ],
)
def test_a_servers_refusal_is_told_in_its_own_words(
    status: int, body: dict[str, object], sentence: str
) -> None:
    with refusing(status, json.dumps(body)) as address:
        (line,) = told(address)

    assert line.startswith(f"model: {status} from {address}/chat/completions: ")
    assert sentence in line


def test_a_server_that_is_not_there_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
    (line,) = told(address)

    assert line.startswith(f"model: no answer from {address}/chat/completions: ")
    assert "refused" in line


def test_an_answer_passes_unchanged_and_untold() -> None:
    lines: list[str] = []
    stream = ExplainedModel(ScriptedModel(["Hello", " you"]), lines.append).ask(PROMPT)

    assert "".join(stream) == "Hello you"
    assert stream.completion
    stream.close()
    assert lines == []
