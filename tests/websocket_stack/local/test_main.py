"""``scripts/serve``: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import built_ui
import pytest

from websocket_stack.local import __main__ as serve

PROJECT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "websocket_stack.local"]


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("OPENAI_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one line that it complains in."""
    assert serve.main(["--port", "0", *arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    return printed.err


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=PROJECT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=30,
    )


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run the command; yields its host, once it says it, and the process."""
    with subprocess.Popen(
        [*COMMAND, "--port", "0", *arguments],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            match = re.search(r"Lex Streaming is at http://(127\.0\.0\.1:\d+) \(model: demo", said)
            assert match, said
            yield match[1], process
        finally:
            process.kill()


def get(host: str, path: str) -> bytes:
    with closing(HTTPConnection(host, timeout=20)) as connection:
        connection.request("GET", path)
        return connection.getresponse().read()


def test_it_serves_until_interrupted() -> None:
    with serving() as (host, process):
        assert process.stderr is not None
        health = json.loads(get(host, "/health"))
        assert (health["status"], health["auth"]) == ("ok", "none")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stderr.read() == ""


def test_it_serves_a_lex_web_ui_and_asks_for_signatures_if_told_to(tmp_path) -> None:
    folder = str(built_ui.write(tmp_path))
    with serving("--lex-web-ui", folder, "--auth", "iam") as (host, process):
        assert process.stdout is not None
        assert process.stdout.readline() == f"Lex Web UI is at http://{host}/lex-web-ui/\n"
        assert b"/page/aws_hosts.js" in get(host, "/lex-web-ui/")
        assert json.loads(get(host, "/health"))["auth"] == "iam"


def test_a_folder_that_holds_no_lex_web_ui_is_said_in_one_line(capsys, tmp_path) -> None:
    said = complaint(capsys, "--lex-web-ui", str(tmp_path))

    assert said == (
        f"serve: {tmp_path} is not the dist folder of a built Lex Web UI: there is no index.html\n"
    )


def test_a_lex_web_ui_that_is_too_old_is_said_in_one_line(capsys, tmp_path) -> None:
    said = complaint(capsys, "--lex-web-ui", str(built_ui.write(tmp_path, "0.21.6")))

    assert said == f"serve: {tmp_path} holds Lex Web UI 0.21; 0.24 or newer is needed\n"


def test_a_port_that_is_taken_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("--port", str(port))

    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(
        rf"serve: cannot listen on 127\.0\.0\.1:{port} \(.+\);"
        r" choose another with --host or --port\n",
        done.stderr,
    )


def test_a_wrong_setting_is_said_in_one_line() -> None:
    done = run("--port", "0", TURN_SECONDS="long")

    assert done.returncode == 1
    assert done.stderr.startswith("serve: TURN_SECONDS='long': takes a number from 1 to 30")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "serve: set OPENAI_MODEL to the model's name at your server\n"),
        (
            {"OPENAI_MODEL": "llama"},
            "serve: set OPENAI_API_KEY (any text, if your server asks for none)\n",
        ),
    ],
)
def test_what_openai_needs_is_said(environ, capsys, variables, said) -> None:
    for name, value in variables.items():
        environ.setenv(name, value)

    assert complaint(capsys, "--model", "openai") == said


def test_what_bedrock_needs_is_said(environ, capsys) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        environ.delenv(name)

    assert "no AWS credentials found" in complaint(capsys, "--model", "bedrock")


# CPython leaves its socket to the collector when it finds the port out of range.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--host", "no.such.host.invalid"], "cannot listen on no.such.host.invalid:0"),
        (["--port", "70000"], "cannot listen on 127.0.0.1:70000"),
        (["--port", "-1"], "cannot listen on 127.0.0.1:-1"),
    ],
)
def test_an_address_that_cannot_be_is_said(environ, capsys, arguments, reason) -> None:
    assert reason in complaint(capsys, *arguments)


@pytest.mark.parametrize("arguments", [["--model", "none"], ["--port", "x"], ["surplus"]])
def test_arguments_that_it_does_not_know_are_a_matter_of_usage(capsys, arguments) -> None:
    with pytest.raises(SystemExit) as left:
        serve.main(arguments)
    assert left.value.code == 2
    assert "usage: scripts/serve" in capsys.readouterr().err


def test_openai_and_bedrock_bring_their_routes(environ) -> None:
    environ.setenv("OPENAI_API_KEY", "key")
    paths = {
        model: [
            route.path  # type: ignore[attr-defined]
            for route in serve._model_routes(
                model, {"OPENAI_MODEL": "llama", "OPENAI_API_KEY": "key"}
            )
        ]
        for model in ("demo", "openai", "bedrock")
    }

    assert paths["demo"] == paths["openai"]
    assert "/model/{model_id:path}/converse-stream" in paths["demo"]
    assert "/retrieveAndGenerateStream" in paths["demo"]
    assert paths["bedrock"] == [
        "/model/{rest:path}",
        "/retrieveAndGenerateStream",
        "/agents/{rest:path}",
    ]


@pytest.mark.parametrize(
    ("host", "in_url"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "localhost"),
        ("0.0.0.0", "127.0.0.1"),
        ("::1", "[::1]"),
        ("::", "[::1]"),
    ],
)
def test_the_address_is_one_that_a_browser_can_open(host, in_url) -> None:
    assert serve._host_in_url(host) == in_url


def test_what_it_listens_on_says_that_it_is_tcp() -> None:
    with serve.listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP
