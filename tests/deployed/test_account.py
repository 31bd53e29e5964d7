"""The account that a builder runs, and the commands that deploy a bot to it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import boto3
import pytest

from websocket_stack.new.bot_folder import write_bot

pytestmark = pytest.mark.deployed
ROOT = Path(__file__).parents[2]


@pytest.fixture
def account() -> Iterator[tuple[Mapping[str, str], subprocess.Popen[str]]]:
    """The environment that the account asks for, and its process."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.deployed.account"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            lines = [process.stdout.readline()]
            while "AWS_ACCESS_KEY_ID" not in lines[-1]:
                assert lines[-1], process.stderr and process.stderr.read()
                lines.append(process.stdout.readline())
            yield dict(re.findall(r"(AWS_\w+)=(\S+)", "".join(lines))), process
        finally:
            process.terminate()


def test_a_new_bot_is_deployed_and_answers(
    account: tuple[Mapping[str, str], subprocess.Popen[str]], tmp_path: Path
) -> None:
    variables, process = account
    write_bot(tmp_path / "lamp-shop")
    command = "deploy lamp-shop --yes --code . --intents lamp_shop.yaml --set CreateBot=true"
    created = subprocess.run(
        [
            Path(sys.executable).with_name("lex-streaming"),
            *command.split(),
            *("--set", "Handler=lamp_shop.lambda_handler"),
        ],
        cwd=tmp_path / "lamp-shop",
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **variables},
        capture_output=True,
        text=True,
    )
    assert created.returncode == 0, created.stdout + created.stderr
    outputs = dict(re.findall(r"^ +(Bot\w+Id|BotId) +(\S+)$", created.stdout, re.MULTILINE))
    session = boto3.Session(
        variables["AWS_ACCESS_KEY_ID"],
        variables["AWS_SECRET_ACCESS_KEY"],
        region_name=variables["AWS_DEFAULT_REGION"],
    )
    endpoint = variables["AWS_ENDPOINT_URL_LEX_RUNTIME_V2"]
    with closing(session.client("lexv2-runtime", endpoint_url=endpoint)) as lex:
        turn = lex.recognize_text(
            botId=outputs["BotId"],
            botAliasId=outputs["BotAliasId"],
            localeId=outputs["BotLocaleId"],
            sessionId="me",
            text="hello",
        )
    assert turn["messages"][0]["content"].startswith("Hello! Ask me where your order is")

    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert process.stderr and process.stderr.read() == ""
