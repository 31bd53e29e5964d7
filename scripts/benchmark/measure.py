"""Runs a turn of a handler against the local services, and watches it as a browser would."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from websockets.sync.client import connect

from websocket_stack.local.stack import lambda_environment

HERE = Path(__file__).parent
SESSION_ID = "benchmark"
LEX_WEB_UI_LAG_SECONDS = 0.5
IMPORT_RUNS = 9

HANDLERS = {"lex-streaming": "fulfillment.handler", "plain loop": "plain_loop"}
THREE_CLIENTS = (
    "import boto3; [boto3.client(name, region_name='us-east-1') for name in"
    " ('dynamodb', 'apigatewaymanagementapi', 'bedrock-runtime')]"
)


@dataclass(frozen=True)
class Turn:
    """What happened in one turn; moments are readings of the machine's monotonic clock."""

    written: list[tuple[float, int]]
    frames: list[tuple[float, int]]
    cost: Mapping[str, float]

    @property
    def numbers(self) -> dict[str, float]:
        first, last = self.written[0][0], self.written[-1][0]
        return {
            "first frame, ms after the first delta": (self.frames[0][0] - first) * 1000,
            "return, ms after the last delta": (self.cost["returned_at"] - last) * 1000,
            "frames": len(self.frames),
            "CPU ms": self.cost["cpu_seconds"] * 1000,
            "peak MB": self.cost["peak_kilobytes"] / 1024,
        }

    def seen(self) -> list[tuple[float, int]]:
        """Return when how many characters stood on Lex Web UI's screen, since the first delta.

        It shows a frame half a second after the next one arrives; the reply shows all.
        """
        start = self.written[0][0]
        steps, shown = [(0.0, 0)], 0
        returned = self.cost["returned_at"]
        for (_, length), (arrived, _) in zip(self.frames, self.frames[1:], strict=False):
            shown += length
            if arrived + LEX_WEB_UI_LAG_SECONDS < returned:
                steps.append((arrived + LEX_WEB_UI_LAG_SECONDS - start, shown))
        return [*steps, (returned - start, sum(length for _, length in self.written))]


@contextmanager
def services(tokens: int, tokens_per_second: float, post_seconds: float) -> Iterator[str]:
    """Run the local services; yields their address."""
    command = [sys.executable, HERE / "services.py", tokens, tokens_per_second, post_seconds]
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def turn(origin: str, module: str, environ: Mapping[str, str]) -> Turn:
    """Run one warm turn of a handler and return what happened."""
    frames: list[tuple[float, int]] = []
    address = origin.replace("http://", "ws://") + f"/Prod?sessionId={SESSION_ID}"
    with connect(address) as socket, _worker(origin, module, environ) as worker:
        threading.Thread(target=_read, args=(socket, frames), daemon=True).start()
        _ask(worker, origin)  # warms it up
        cost = _ask(worker, origin)
        arrived = [frame for frame in frames if frame[0] >= cost["started_at"]]
    with urlopen(f"{origin}/written") as response:
        written = [(moment, length) for moment, length in json.load(response)]
    return Turn(written, arrived, cost)


def import_seconds(code: str, environ: Mapping[str, str]) -> float:
    """Return the least time that a fresh process takes for some code, beyond starting up."""
    return min(_seconds(code, environ) for _ in range(IMPORT_RUNS)) - min(
        _seconds("pass", environ) for _ in range(IMPORT_RUNS)
    )


def _seconds(code: str, environ: Mapping[str, str]) -> float:
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", code], env=dict(environ), check=True)
    return time.monotonic() - started


@contextmanager
def _worker(
    origin: str, module: str, environ: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, str(HERE / "worker.py"), module],
        env=lambda_environment(origin, environ) | {"AWS_LAMBDA_FUNCTION_NAME": "fulfillment"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


def _ask(worker: subprocess.Popen[str], origin: str) -> dict[str, Any]:
    assert worker.stdin is not None and worker.stdout is not None
    print(json.dumps(_event(origin)), file=worker.stdin, flush=True)
    cost: dict[str, Any] = json.loads(worker.stdout.readline())
    return cost


def _event(origin: str) -> dict[str, Any]:
    return {
        "invocationSource": "FulfillmentCodeHook",
        "inputMode": "Text",
        "sessionId": SESSION_ID,
        "inputTranscript": "Go on.",
        "sessionState": {
            "sessionAttributes": {"streamingEndpoint": f"{origin}/Prod"},
            "intent": {"name": "FallbackIntent", "slots": {}, "state": "ReadyForFulfillment"},
        },
    }


def _read(socket: Any, frames: list[tuple[float, int]]) -> None:
    for frame in socket:
        frames.append((time.monotonic(), len(frame)))
