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
from typing import IO

import pytest
from websockets.sync.client import connect

from fulfillment import Bot
from tests.websocket_stack.local import built_ui
from websocket_stack.local import __main__ as serve
from websocket_stack.local.options import argument_parser

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).resolve().parents[3]


@contextmanager
def serving(*arguments: str, **environ: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run the command; yield its host, once it is printed, and the process."""
    with subprocess.Popen(
        [sys.executable, "-m", "websocket_stack.local", "--port", "0", *arguments],
        cwd=PROJECT,
        env=os.environ | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            match = re.search(r"Lex Streaming is at http://(127\.0\.0\.1:\d+) \(model: demo", line)
            assert match, line
            yield match[1], process
        finally:
            process.kill()


def get(host: str, path: str) -> bytes:
    with closing(HTTPConnection(host, timeout=20)) as connection:
        connection.request("GET", path)
        return connection.getresponse().read()


@pytest.mark.ci
def test_it_is_interrupted_in_mid_turn_without_a_word() -> None:
    with serving() as (host, process):
        assert json.loads(get(host, "/health"))["auth"] == "none"
        session = "bots/LOCALBOT01/botAliases/TSTALIASID/botLocales/en_US/sessions/main-1"
        with (
            connect(f"ws://{host}/Prod?sessionId=main-1", proxy=None) as socket,
            connect(f"ws://{host}/Prod?sessionId=main-2", proxy=None),
            closing(HTTPConnection(host, timeout=20)) as asking,
        ):
            attributes = {"streamingEndpoint": f"http://{host}/Prod"}
            body = {"text": "What is it?", "sessionState": {"sessionAttributes": attributes}}
            asking.request("POST", f"/{session}/text", json.dumps(body))
            socket.recv(timeout=20)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=20)
        assert process.returncode == 0
        assert errors == ""


HANGING = """
import threading
from fulfillment import Bot

bot = Bot()


@bot.fallback
def hang(turn):
    print("hangs", flush=True)
    threading.Event().wait(60)
"""


@pytest.mark.ci
def test_a_turn_that_hangs_does_not_hold_it(tmp_path: Path) -> None:
    (tmp_path / "hanging_bot.py").write_text(HANGING)
    arguments = ("--bot", "hanging_bot:bot")
    with (
        serving(*arguments, PYTHONPATH=str(tmp_path)) as (host, process),
        closing(HTTPConnection(host, timeout=20)) as asking,
    ):
        turn = "/bots/LOCALBOT01/botAliases/TSTALIASID/botLocales/en_US/sessions/hang-1/text"
        asking.request("POST", turn, json.dumps({"text": "hello"}))
        assert process.stdout is not None
        assert read_to("hangs", process.stdout)
        process.send_signal(signal.SIGINT)
        answer = asking.getresponse()
        assert (answer.status, json.loads(answer.read())) == (
            503,
            {"message": "The local stack was stopped before it had answered"},
        )
        # Lambda would go on for half a minute.
        _, errors = process.communicate(timeout=20)
        assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "warning"),
    [
        ([], ""),
        (["--host", "::1"], ""),
        (["--model", "bedrock"], ""),
        (["--host", "0.0.0.0"], "Warning: "),
        (["--host", "::"], "Warning: "),
        (["--allow-host", "demo.example"], "Warning: "),
        (["--host", "0.0.0.0", "--model", "bedrock"], "WARNING: .* Bedrock with your credentials"),
    ],
)
def test_who_opens_it_wide_is_warned(arguments: list[str], warning: str) -> None:
    said = serve.warning_of(argument_parser().parse_args(arguments))
    assert re.match(warning, said) and bool(said) == bool(warning)


def test_it_serves_a_lex_web_ui_and_checks_signatures_until_interrupted(tmp_path: Path) -> None:
    folder = str(built_ui.write(tmp_path))
    with serving("--lex-web-ui", folder, "--auth", "iam") as (host, process):
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == f"Lex Web UI is at http://{host}/lex-web-ui/\n"
        assert b"/page/aws_hosts.js" in get(host, "/lex-web-ui/")
        health = json.loads(get(host, "/health"))
        assert (health["status"], health["auth"]) == ("ok", "iam")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stderr.read() == ""


def test_it_opens_the_page_and_reads_its_intents_again(tmp_path: Path) -> None:
    """Functions that Lex would never call are named, at the start and after each change."""
    file = tmp_path / "bot.yaml"
    file.write_text("locales: {en_US: {intents: {TrackOrders: {utterances: [track]}}}}")
    arguments = ("--bot", "examples.order_tracking:bot", "--intents", str(file), "--open")
    place = r"Warning: order_tracking\.py, line \d+: there is no intent TrackOrder"
    with serving(*arguments, BROWSER="echo opening %s") as (host, process):
        assert process.stdout is not None
        *warnings, opening = read_to("opening", process.stdout)
        assert opening == f"opening http://{host}\n"
        assert re.match(rf"{place}; is TrackOrders meant\?\n", warnings[0])

        file.write_text("locales: {en_US: {intents: {Track: {utterances: [where is my order]}}}}")
        about = json.loads(get(host, "/page/about"))
        assert about["suggestions"] == ["Where is my order"]
        assert process.stdout.readline() == f"{file} was read again\n"
        assert re.match(place, process.stdout.readline())


TYPO = """
from fulfillment import Bot

bot = Bot()


@bot.intent("Greting")
def greet(turn):
    return "Hello!"
"""


def test_a_changed_bot_is_compared_with_its_intents_again(tmp_path: Path) -> None:
    source, file = tmp_path / "typo_bot.py", tmp_path / "bot.yaml"
    source.write_text(TYPO.replace("Greting", "Greeting"))
    file.write_text("locales: {en_US: {intents: {Greeting: {utterances: [hello]}}}}")
    arguments = ("--bot", "typo_bot:bot", "--intents", str(file))
    with serving(*arguments, PYTHONPATH=str(tmp_path)) as (host, process):
        assert process.stdout is not None
        source.write_text(TYPO)
        turn = "/bots/LOCALBOT01/botAliases/TSTALIASID/botLocales/en_US/sessions/typo-1/text"
        with closing(HTTPConnection(host, timeout=20)) as connection:
            connection.request("POST", turn, json.dumps({"text": "hello"}))
            assert connection.getresponse().status == 200
        assert process.stdout.readline() == (
            "Warning: typo_bot.py, line 7: there is no intent Greting; is Greeting meant?\n"
        )


def read_to(word: str, lines: IO[str]) -> list[str]:
    """Return the lines up to one that begins with a word."""
    found = [lines.readline()]
    while found[-1] and not found[-1].startswith(word):
        found.append(lines.readline())
    return found


def test_intents_that_lex_does_not_know_are_told(tmp_path: Path) -> None:
    bot = Bot()
    source = tmp_path / "shop.py"
    assert serve.without_intents(bot, source) == ()
    bot.intent("TrackOrder", "Greeting")(lambda turn: "Hello")
    (line,) = serve.without_intents(bot, source)
    assert "Greeting, TrackOrder cannot be reached: --intents FILE" in line
    source.with_suffix(".yaml").touch()
    assert f"--intents {tmp_path}/shop.yaml" in serve.without_intents(bot, source)[0]


def failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one line that it prints when it cannot start."""
    assert serve.main(["--port", "0", *arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    return printed.err


def test_a_folder_without_a_lex_web_ui_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert failure(capsys, "--lex-web-ui", str(tmp_path)) == (
        f"serve: {tmp_path} is not the dist folder of a built Lex Web UI: there is no index.html\n"
    )


def test_a_port_that_is_taken_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = failure(capsys, "--port", str(port))

    assert re.fullmatch(
        rf"serve: cannot listen on 127\.0\.0\.1:{port} \(.+\);"
        r" choose another with --host or --port\n",
        message,
    )


def test_a_wrong_setting_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TURN_SECONDS", "long")
    message = failure(capsys)

    assert message.startswith("serve: TURN_SECONDS='long': takes a number from 1 to 30")


def test_a_broken_file_of_intents_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "my.yaml"
    assert failure(capsys, "--intents", str(file)) == f"serve: {file}: No such file or directory\n"
    file.write_text("hello\n")
    assert failure(capsys, "--intents", str(file)).startswith(f"serve: {file}, line 1: ")


def test_a_bot_that_cannot_be_loaded_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert failure(capsys, "--bot", "no_bot:bot").startswith("serve: there is no module no_bot")


@pytest.mark.parametrize("arguments", [["--model", "none"], ["--port", "x"], ["surplus"]])
def test_wrong_arguments_are_a_matter_of_usage(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        serve.main(arguments)
    assert left.value.code == 2
    assert "usage: scripts/serve" in capsys.readouterr().err
