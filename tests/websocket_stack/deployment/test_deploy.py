"""``scripts/deploy`` from its arguments to the stack, on moto's CloudFormation and S3."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import boto3
import pytest
from botocore.exceptions import NoCredentialsError
from cloudformation_fakes import ACCOUNT, REGION, MendedCloudFormation, MendedSession

from websocket_stack.command_line import Console
from websocket_stack.deployment import deploy
from websocket_stack.deployment.artifacts import default_name
from websocket_stack.deployment.deploy import Timing, template_of
from websocket_stack.deployment.failures import Failed
from websocket_stack.deployment.stacks import Stack

BUCKET = default_name(ACCOUNT, REGION)


class Deployer:
    """Runs the script, and keeps what it said and what it built."""

    def __init__(self, session: Any, folder: Path, zip_path: Path) -> None:
        self._session = session
        self._folder = folder
        self._zip_path = zip_path
        self._runs = 0
        self.said: list[str] = []
        self.built: list[list[Path]] = []

    def __call__(self, *arguments: str, answer: str = "y") -> int:
        self._runs += 1
        self.said = []
        options = deploy.parser().parse_args(["lex", *arguments])
        return deploy.run(
            options,
            lambda **chosen: self._session,
            Console(yes=options.yes, say=self.said.append, ask=lambda question: answer),
            self._build,
            Timing(clock=lambda: 0.0, now=lambda: float(self._runs), sleep=_never),
            self._folder,
        )

    def _build(self, code: Sequence[Path]) -> Path:
        self.built.append(list(code))
        return self._zip_path


def _never(seconds: float) -> None:
    raise AssertionError("moto is done at once")


@pytest.fixture
def cloudformation(cloudformation: Any) -> Any:
    return MendedCloudFormation(cloudformation)


@pytest.fixture
def deployer(aws: boto3.Session, cloudformation: Any, templates: Path, tmp_path: Path) -> Deployer:
    zip_path = tmp_path / "fulfillment.zip"
    zip_path.write_bytes(b"zip")
    return Deployer(MendedSession(aws, cloudformation), templates, zip_path)


def stack(cloudformation: Any, name: str = "lex") -> dict[str, Any]:
    described: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    described["values"] = {
        each["ParameterKey"]: each["ParameterValue"] for each in described.get("Parameters", [])
    }
    return described


# --- making and changing


def test_a_stack_is_made_and_says_what_to_do_next(deployer, cloudformation, s3) -> None:
    assert deployer("--template", "streaming-support", "--set", "Name=blue") == 0

    assert stack(cloudformation)["StackStatus"] == "CREATE_COMPLETE"
    assert stack(cloudformation)["values"] == {"Name": "blue", "Colour": "red"}
    assert deployer.said[:2] == ["lex in us-east-1:", "  Add  Queue  AWS::SQS::Queue  new"]
    assert "  StreamingWebSocketEndpoint=wss://a.example/Prod" in deployer.said
    assert "  SESSION_TABLE=blue" in deployer.said
    # It needs neither code nor a bucket.
    assert deployer.built == []
    assert s3.list_buckets()["Buckets"] == []


def test_values_that_are_not_set_are_kept(deployer, cloudformation) -> None:
    deployer("--template", "streaming-support", "--set", "Name=blue", "--set", "Colour=dark")
    assert deployer("--set", "Colour=light") == 0

    assert stack(cloudformation)["values"] == {"Name": "blue", "Colour": "light"}
    assert stack(cloudformation)["StackStatus"] == "UPDATE_COMPLETE"


def test_the_same_again_is_nothing_to_change(deployer) -> None:
    # moto compares the values that were given, so all are.
    deployer("--template", "fulfillment", "--set", "Name=plain", "--set", "Colour=red")
    assert deployer() == 0

    assert deployer.said[0] == "lex: nothing to change"
    assert "Outputs:" in deployer.said


def test_code_goes_into_a_bucket_of_the_account(deployer, cloudformation, s3) -> None:
    assert deployer("--template", "fulfillment", "--code", "a", "--code", "b") == 0

    assert deployer.built == [[Path("a"), Path("b")]]
    values = stack(cloudformation)["values"]
    assert values["CodeBucket"] == BUCKET
    assert s3.get_object(Bucket=BUCKET, Key=values["CodeKey"])["Body"].read() == b"zip"
    assert len(values["Revision"]) == 16


def test_a_changed_value_is_a_new_revision(deployer, cloudformation) -> None:
    deployer("--template", "fulfillment")
    first = stack(cloudformation)["values"]
    deployer("--set", "Name=blue")
    second = stack(cloudformation)["values"]

    assert first["Revision"] != second["Revision"]
    assert first["CodeKey"] == second["CodeKey"]


def test_nested_templates_are_found_where_they_were_uploaded(deployer, cloudformation) -> None:
    (deployer._folder / "fulfillment.yaml").unlink()
    assert deployer("--bucket", "my-bucket") == 0

    values = stack(cloudformation)["values"]
    assert values["TemplatesBucket"] == "my-bucket"
    names = {each["StackName"] for each in cloudformation.describe_stacks()["Stacks"]}
    assert len(names) == 2
    # The next run knows the bucket and the template by the stack.
    assert deployer("--set", "Name=other") == 0
    assert stack(cloudformation)["values"]["TemplatesBucket"] == "my-bucket"


# --- asking


def test_without_a_yes_nothing_is_left(deployer, cloudformation) -> None:
    assert deployer("--template", "streaming-support", answer="n") == 0

    assert deployer.said[-1] == "nothing was changed"
    assert cloudformation.describe_stacks()["Stacks"] == []


def test_yes_asks_nothing(deployer, cloudformation) -> None:
    assert deployer("--template", "streaming-support", "--yes", answer="n") == 0
    assert stack(cloudformation)["StackStatus"] == "CREATE_COMPLETE"


def test_a_change_set_can_be_left_for_somebody_else(deployer, cloudformation) -> None:
    assert deployer("--template", "streaming-support", "--no-execute") == 0

    assert "aws cloudformation execute-change-set --change-set-name arn:" in deployer.said[-1]
    assert stack(cloudformation)["StackStatus"] == "REVIEW_IN_PROGRESS"


# --- deleting


def test_deleting_leaves_nothing(deployer, cloudformation, s3) -> None:
    deployer("--template", "fulfillment")
    assert deployer("--delete") == 0

    assert deployer.said[-1] == "lex is gone"
    assert cloudformation.describe_stacks()["Stacks"] == []
    assert s3.list_buckets()["Buckets"] == []


def test_a_bucket_of_ones_own_stays(deployer, s3) -> None:
    s3.create_bucket(Bucket="my-bucket")
    deployer("--template", "fulfillment", "--bucket", "my-bucket")
    assert deployer("--delete") == 0

    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == ["my-bucket"]
    assert "Contents" not in s3.list_objects_v2(Bucket="my-bucket")


# --- failing


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--template", "streaming-support", "--set", "Nam=x"], "no parameter Nam; it has Colour"),
        (["--template", "streaming-support", "--set", "Name"], "--set takes Name=Value"),
        (["--delete"], "there is no stack lex in this region"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(deployer, capsys, arguments, said) -> None:
    assert deployer(*arguments) == 1

    complaint = capsys.readouterr().err
    assert complaint.startswith("deploy: ") and complaint.count("\n") == 1
    assert said in complaint
    assert deployer.built == []


def test_a_missing_template_is_said(deployer, capsys) -> None:
    (deployer._folder / "lex-streaming.yaml").unlink()

    assert deployer() == 1
    assert "lex-streaming.yaml is missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (NoCredentialsError(), 1, "deploy: no AWS credentials found"),
        (Failed("no"), 1, "deploy: no\n"),
        (KeyboardInterrupt(), 130, "what CloudFormation has begun goes on"),
    ],
)
def test_what_stops_it_is_its_exit_status(capsys, error, status, said) -> None:
    def make_session(**chosen: str | None) -> boto3.Session:
        raise error

    assert deploy.run(deploy.parser().parse_args(["lex"]), make_session) == status
    assert said in capsys.readouterr().err


def test_region_and_profile_are_passed_on() -> None:
    asked: list[dict[str, str | None]] = []

    def make_session(**chosen: str | None) -> boto3.Session:
        asked.append(chosen)
        raise Failed("enough")

    arguments = ["lex", "--region", "eu-west-1", "--profile", "mine"]
    deploy.run(deploy.parser().parse_args(arguments), make_session)
    assert asked == [{"profile_name": "mine", "region_name": "eu-west-1"}]


def test_a_change_that_fails_ends_with_its_first_reason(deployer, cloudformation, capsys) -> None:
    failing = "Resources: {Queue: {Type: 'AWS::SQS::Queue', Properties: {QueueName: 'a b'}}}"
    (deployer._folder / "streaming-support.yaml").write_text(failing)

    assert deployer("--template", "streaming-support") == 1
    assert capsys.readouterr().err.startswith("deploy: ")


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"TemplatesBucket": "b", "CodeBucket": "b"}, "lex-streaming"),
        ({"CodeBucket": "b"}, "fulfillment"),
        ({"TableName": ""}, "streaming-support"),
    ],
)
def test_a_stack_keeps_its_template(parameters, name) -> None:
    assert template_of(Stack("arn", "lex", "UPDATE_COMPLETE", parameters)) == name
    assert template_of(Stack("arn", "lex", "REVIEW_IN_PROGRESS", parameters)) == "lex-streaming"
    assert template_of(None) == "lex-streaming"


# --- with the real build, in a process of its own


def in_folder(folder: Path, function: Callable[[], Path]) -> Path:
    before = Path.cwd()
    os.chdir(folder)
    try:
        return function().resolve()
    finally:
        os.chdir(before)


def test_the_zip_is_what_scripts_build_makes(tmp_path) -> None:
    code = tmp_path / "mine"
    code.mkdir()
    (code / "my_bot.py").write_text("x = 1\n")
    path = in_folder(tmp_path, lambda: deploy.build_zip([code]))

    assert {"my_bot.py", "fulfillment/handler.py"} <= set(ZipFile(path).namelist())


def test_a_build_that_fails_stops_it(tmp_path, capfd) -> None:
    with pytest.raises(Failed, match="scripts/build failed"):
        deploy.build_zip([tmp_path / "nothing"])
    assert "there is no such folder" in capfd.readouterr().err


def test_help_says_what_it_does() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "websocket_stack.deployment.deploy", "--help"],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0
    assert "--no-execute" in done.stdout


@pytest.mark.parametrize(
    ("variable", "arguments", "region"),
    [
        ("eu-west-1", [], "eu-west-1"),
        ("eu-west-1", ["--region", "us-west-2"], "us-west-2"),
        ("", [], None),
    ],
)
def test_the_region_is_the_options_or_the_environments(
    monkeypatch, variable, arguments, region
) -> None:
    monkeypatch.setenv("AWS_REGION", variable)

    assert deploy.parser().parse_args([*["lex"], *arguments]).region == region
