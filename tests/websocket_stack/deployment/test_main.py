"""``scripts/deploy`` as it is called."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import NoCredentialsError
from urllib3 import HTTPResponse

from tests.websocket_stack.deployment.cloudformation_fakes import (
    RememberingCloudFormation,
    RememberingSession,
)
from websocket_stack.command_line import CommandFailed, Console
from websocket_stack.deployment.__main__ import main, run
from websocket_stack.deployment.options import argument_parser

pytestmark = pytest.mark.slow


@pytest.fixture
def session(aws: boto3.Session, cloudformation: Any) -> Any:
    return RememberingSession(aws, RememberingCloudFormation(cloudformation))


def deploy(session: Any, templates: Path, *arguments: str, lines: list[str] | None = None) -> int:
    def build(*_: Any, **__: Any) -> Path:
        raise AssertionError("needs no code")

    output = [] if lines is None else lines
    options = argument_parser().parse_args(["lex", *arguments])
    console = Console(yes=options.yes, say=output.append, ask=lambda question: "n")
    return run(options, lambda **chosen: session, console, build, folder=templates)


def test_options_reach_the_stack(session: Any, templates: Path) -> None:
    lines: list[str] = []
    options = ["--template", "streaming-support", "--set", "Name=blue", "--yes"]

    assert deploy(session, templates, *options, lines=lines) == 0
    assert "  SESSION_TABLE=blue" in lines
    assert deploy(session, templates, "--delete", "--yes", lines=lines) == 0
    assert lines[-1] == "lex is gone"


def test_no_execute_leaves_the_change_set(session: Any, templates: Path) -> None:
    lines: list[str] = []
    options = ["--template", "streaming-support", "--no-execute"]

    assert deploy(session, templates, *options, lines=lines) == 0
    assert lines[-1].startswith("not executed; to do so:")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--template", "streaming-support", "--set", "Nam=x"], "no parameter Nam; is Name meant"),
        (["--template", "streaming-support", "--set", "Name"], "--set takes Name=Value"),
        (["--delete"], "there is no stack lex in this region"),
    ],
)
def test_a_failure_is_one_line(
    session: Any,
    templates: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    assert deploy(session, templates, *arguments) == 1

    error = capsys.readouterr().err
    assert error.startswith("deploy: ") and error.count("\n") == 1
    assert message in error


def test_a_refused_change_is_one_line(
    session: Any, templates: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = "Resources: {Queue: {Type: 'AWS::SQS::Queue', Properties: {QueueName: 'a b'}}}"
    (templates / "streaming-support.yaml").write_text(failing)

    assert deploy(session, templates, "--template", "streaming-support", "--yes") == 1
    assert capsys.readouterr().err.startswith("deploy: ")


@pytest.mark.parametrize("arguments", [["--yes"], ["--delete", "--yes"], ["--watch"]])
def test_an_answer_that_is_not_aws_is_one_line(
    cloudformation: Any,
    session: Any,
    templates: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        page = HTTPResponse(BytesIO(b"Please\nlog in"), preload_content=False)
        return AWSResponse(str(request.url), 200, HTTPHeaders(), page)

    cloudformation.meta.events.register_first("before-send.cloudformation", answer)

    assert deploy(session, templates, *arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("deploy: what answered is not AWS") and error.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (NoCredentialsError(), 1, "deploy: no AWS credentials found"),
        (CommandFailed("no"), 1, "deploy: no\n"),
        (KeyboardInterrupt(), 130, "deploy: interrupted"),
    ],
)
def test_what_stops_it_is_its_exit_status(
    capsys: pytest.CaptureFixture[str], error: BaseException, status: int, message: str
) -> None:
    def make_session(**chosen: str | None) -> boto3.Session:
        raise error

    assert run(argument_parser().parse_args(["lex"]), make_session) == status
    assert message in capsys.readouterr().err


def test_region_and_profile_are_passed_on() -> None:
    chosen: dict[str, str | None] = {}

    def make_session(**options: str | None) -> boto3.Session:
        chosen.update(options)
        raise CommandFailed("enough")

    arguments = ["lex", "--region", "eu-west-1", "--profile", "mine"]
    run(argument_parser().parse_args(arguments), make_session)
    assert chosen == {"profile_name": "mine", "region_name": "eu-west-1"}


def test_help_is_offered(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    assert "--no-execute" in capsys.readouterr().out
