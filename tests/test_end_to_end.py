"""The stack as a newcomer starts it, in a process of its own, seen through boto3 and a socket."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import boto3
import pytest
from websockets.sync.client import connect

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
QUESTION = "What is logged?"
# Its answer is short.
GREETING = "Hello"


class Served:
    """A running ``scripts/serve``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        first = process.stdout.readline()
        self.origin = next(word for word in first.split() if word.startswith("http://"))
        self._log: list[str] = []
        # Read at once, since a pipe that is full would hold the process.
        self._reader = threading.Thread(target=self._log.extend, args=(process.stdout,))
        self._reader.start()

    def whole_log(self) -> str:
        """Return all that it printed, once it has ended."""
        self._reader.join(20)
        return "".join(self._log)

    def client(self, service: str) -> Any:
        path = "/Prod" if service == "apigatewaymanagementapi" else ""
        # The stubs know no service whose name is a variable.
        make_client: Any = boto3.client
        return make_client(
            service,
            region_name="us-east-1",
            endpoint_url=self.origin + path,
            aws_access_key_id="a",
            aws_secret_access_key="b",
        )

    def ask(self, session_id: str, text: str, attributes: dict[str, str] | None = None) -> Any:
        request: dict[str, Any] = {}
        if attributes is not None:
            request["sessionState"] = {"sessionAttributes": attributes}
        return self.client("lexv2-runtime").recognize_text(
            botId="LOCALBOT01",
            botAliasId="TSTALIASID",
            localeId="en_US",
            sessionId=session_id,
            text=text,
            **request,
        )


@contextmanager
def serving(*options: str, folder: Path = ROOT, **environ: str) -> Iterator[Served]:
    # The module that scripts/serve runs; the script would only set .venv up before it.
    process = subprocess.Popen(
        [sys.executable, "-m", "websocket_stack.local", "--port", "0", *options],
        cwd=folder,
        env=os.environ | {"PYTHONUNBUFFERED": "1"} | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        served = Served(process)
        yield served
        process.terminate()
        served.whole_log()
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as made:
        yield made


def test_health_is_200_once_everything_is_up(served: Served) -> None:
    with urlopen(f"{served.origin}/health") as response:
        assert response.status == 200
        assert json.load(response)["status"] == "ok"


def test_a_turn_with_no_session_attributes_just_gets_its_reply(served: Served) -> None:
    response = served.ask("console-1", GREETING)
    assert response["sessionState"]["dialogAction"]["type"] == "Close"
    assert response["sessionState"]["intent"]["state"] == "Fulfilled"
    assert response["messages"][0]["content"].strip()


def test_frames_arrive_while_the_reply_is_written(served: Served) -> None:
    frames: list[tuple[float, str]] = []
    address = served.origin.replace("http://", "ws://") + "/Prod?sessionId=browser-1"
    with connect(address) as socket:

        def read() -> None:
            for frame in socket:
                frames.append((time.monotonic(), str(frame)))

        reader = threading.Thread(target=read)
        reader.start()
        socket.send('{"action":"ping"}')
        response = served.ask(
            "browser-1",
            QUESTION,
            {"streamingEndpoint": f"{served.origin}/Prod", "streamingDynamoDbTable": "x"},
        )
        returned_at = time.monotonic()
    reader.join(5)
    reply = response["messages"][0]["content"]
    streamed = "".join(text for _, text in frames)
    assert len(frames) > 6
    assert reply.startswith(streamed)
    assert len(streamed) > len(reply) / 2
    assert frames[-1][0] < returned_at
    # What Lex Web UI needs to show the first words: a frame and another behind it.
    assert 1 in (len(frames[1][1]), len(frames[2][1]))


def test_a_session_keeps_its_attributes_but_not_the_previous_reply(served: Served) -> None:
    served.ask("keeper-1", GREETING, {"colour": "red", "previousLexResponse": "long"})
    response = served.ask("keeper-1", GREETING)
    attributes = response["sessionState"]["sessionAttributes"]
    assert attributes["colour"] == "red"
    assert "previousLexResponse" not in attributes


def test_a_bot_reaches_nobodys_account_in_the_middle_of_a_turn_either(tmp_path: Path) -> None:
    """Nor does a word of the turn get into the log."""
    (tmp_path / "my_bot.py").write_text(
        "import boto3, os\n"
        "from fulfillment import Bot\n"
        "bot = Bot()\n"
        "@bot.fallback\n"
        "def answer(turn):\n"
        "    client = boto3.client('dynamodb')\n"
        "    key = client._request_signer._credentials.access_key\n"
        "    return f'{client.meta.endpoint_url} {key} {os.environ[\"SESSION_TABLE\"]}'\n"
    )
    mine = {"AWS_ACCESS_KEY_ID": "DEVELOPER", "AWS_DEFAULT_REGION": "eu-west-1"}
    with serving("--bot", "my_bot:bot", folder=tmp_path, **mine) as served:
        response = served.ask("s-1", "Where are you?", {"idtokenjwt": "eyJhbGciOi"})
        reply = response["messages"][0]["content"]
        assert reply == f"{served.origin} local lex-streaming-sessions"
    log = served.whole_log()
    assert " completed after " in log
    for secret in ("Where are you?", reply, "eyJhbGciOi"):
        assert secret not in log
