"""``scripts/smoke`` end to end, on the running local stack."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ProfileNotFound

from tests.stack_fixture import ENDLESS, QUESTION, running_stack
from tests.websocket_stack.smoke.smoke_fakes import FakeConnect
from websocket_stack.command_line import Console
from websocket_stack.smoke.__main__ import run as run_smoke
from websocket_stack.smoke.options import argument_parser

pytestmark = pytest.mark.slow

QUICK = ["--question", QUESTION, "--long-question", QUESTION, "--quiet-seconds", "0.1"]


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with running_stack() as address:
        yield address


@pytest.fixture(scope="module")
def signed_origin() -> Iterator[str]:
    with running_stack(auth="iam") as address:
        yield address


def run(*arguments: str) -> tuple[int, list[str]]:
    lines: list[str] = []
    options = argument_parser().parse_args(arguments)
    return run_smoke(options, console=Console(say=lines.append)), lines


def statuses_of(lines: list[str]) -> dict[str, str]:
    return {line[9:33].strip(): line[:8].strip() for line in lines}


def test_the_local_stack_passes(origin: str) -> None:
    status, lines = run("--endpoint", origin, "--json", "--burst", "40", "--posts", "5", *QUICK)
    report = json.loads(lines[0])
    checks = {each["name"]: each for each in report["checks"]}

    assert status == 0 and report["ok"]
    assert {name: each["status"] for name, each in checks.items()} == {
        "stack": "skipped",
        "page": "skipped",
        "signed connect": "ok",
        "ping": "ok",
        "other messages": "ok",
        "turn": "ok",
        "without streaming": "ok",
        "memory": "ok",
        "long text": "skipped",
        "attribute left out": "ok",
        "posts": "ok",
        "burst": "ok",
        "empty post": "ok",
        # It takes those who do not sign.
        "unsigned connect": "skipped",
        "another's identity": "ok",
        "second owner": "ok",
        "post after closing": "ok",
        "connection forgotten": "ok",
        "metrics": "skipped",
    }
    assert checks["turn"]["frames"] > 3
    assert checks["turn"]["first_frame_ms"] < checks["turn"]["reply_ms"]
    assert checks["posts"]["posts"] == 5
    assert 0 < checks["posts"]["p50_ms"] <= checks["posts"]["p99_ms"]
    assert checks["post after closing"]["error_type"] == "GoneException"
    assert checks["attribute left out"]["kept"] is False


def test_the_local_stack_passes_with_signatures(signed_origin: str) -> None:
    status, lines = run("--endpoint", signed_origin, "--posts", "1", *QUICK)

    assert status == 0
    # The answer to the short question is no long text.
    not_ok = {name for name, each in statuses_of(lines).items() if each != "ok"}
    assert not_ok == {"long text", "stack", "page", "burst", "metrics"}
    assert not any("X-Amz" in line for line in lines)


def test_socket_tasks_pass(origin: Any) -> None:
    status, lines = run("--endpoint", origin, "--tasks", *QUICK, "--long-question", ENDLESS)

    assert status == 0, lines
    assert statuses_of(lines) == {
        "stack": "skipped",
        "connect": "ok",
        "ping": "ok",
        "task": "ok",
        "whole task": "ok",
        "message": "ok",
        "stop": "ok",
        "mistakes": "ok",
        "unsigned connect": "skipped",
        "connection forgotten": "skipped",
        "metrics": "skipped",
    }


def test_socket_tasks_pass_with_signatures(signed_origin: str) -> None:
    status, lines = run("--endpoint", signed_origin, "--tasks", *QUICK, "--long-question", ENDLESS)

    assert status == 0, lines
    not_ok = {name for name, each in statuses_of(lines).items() if each != "ok"}
    assert not_ok == {"stack", "metrics"}


def test_a_failed_check_is_the_exit_status(origin: str) -> None:
    lines: list[str] = []
    options = argument_parser().parse_args(["--endpoint", origin, *QUICK])
    refused = FakeConnect(*[403] * 9)

    assert run_smoke(options, console=Console(say=lines.append), open_socket=refused) == 1
    assert lines[2].startswith("failed") and lines[2].endswith("refused with status 403")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--endpoint", "http://127.0.0.1:1"], "smoke: no local stack answers"),
        (["--websocket", "https://x"], "smoke: --websocket takes wss://"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(*arguments) == (1, [])

    error = capsys.readouterr().err
    assert error.startswith(message) and error.count("\n") == 1


def test_missing_credentials_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    class Nobody:
        region_name = "us-east-1"

        def get_credentials(self) -> None:
            return None

    options = argument_parser().parse_args(["--websocket", "wss://a.example/Prod"])
    assert run_smoke(options, lambda **chosen: Nobody()) == 1  # type: ignore[arg-type]
    assert "no AWS credentials found" in capsys.readouterr().err


def test_a_profile_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    def make_session(**chosen: str | None) -> boto3.Session:
        raise ProfileNotFound(profile="mine")

    options = argument_parser().parse_args(["--stack", "lex"])
    assert run_smoke(options, make_session) == 1
    assert "smoke: The config profile (mine) could not be found" in capsys.readouterr().err


@pytest.mark.ci
def test_as_a_script_it_takes_what_cannot_be_known_for_no_failure(origin: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "websocket_stack.smoke"]
        + ["--endpoint", origin, "--posts", "1", "--session-table", "nowhere", *QUICK],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 19
    assert "you may not read table nowhere" in done.stdout
