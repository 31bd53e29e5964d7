"""From what is wanted to the stack, on moto's CloudFormation and S3."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.websocket_stack.deployment.cloudformation_fakes import (
    ACCOUNT,
    REGION,
    RememberingCloudFormation,
    RememberingSession,
)
from websocket_stack.command_line import CommandFailed, Console
from websocket_stack.deployment.artifact_bucket import default_name
from websocket_stack.deployment.build.requirements import Platform
from websocket_stack.deployment.deploy_options import DeployOptions
from websocket_stack.deployment.deployer import Deployer
from websocket_stack.deployment.stack_events import Timing
from websocket_stack.deployment.stacks import Stack, template_of

pytestmark = pytest.mark.slow

BUCKET = default_name(ACCOUNT, REGION)


class Runs:
    """Runs a deployer again and again; has the last run's lines, and the code that was built."""

    def __init__(self, session: Any, folder: Path, zip_path: Path) -> None:
        self._session = session
        self.folder = folder
        self._zip_path = zip_path
        self._count = 0
        self.lines: list[str] = []
        self.code: list[Sequence[Path]] = []

    def deploy(
        self, *, answer: str = "y", yes: bool = False, bucket: str | None = None, **options: Any
    ) -> None:
        deployer = self._deployer(bucket, Console(yes, self._say, lambda question: answer))
        deployer.deploy(DeployOptions(**options), self._build, self.folder)

    def delete(self, *, answer: str = "y") -> None:
        self._deployer(
            None, Console(yes=False, say=self._say, ask=lambda question: answer)
        ).delete()

    def watch(self) -> None:
        self._deployer(None, Console(say=self._say)).watch()

    def _deployer(self, bucket: str | None, console: Console) -> Deployer:
        self._count += 1
        self.lines.clear()
        timing = Timing(clock=lambda: 0.0, now=lambda: float(self._count), sleep=_never)
        return Deployer(self._session, "lex", bucket, console, timing)

    def _say(self, line: str) -> None:
        self.lines.append(line)

    def _build(self, code: Sequence[Path], *, platform: Platform) -> Path:
        self.code.append(code)
        return self._zip_path


def _never(seconds: float) -> None:
    raise AssertionError("moto is done at once")


@pytest.fixture
def cloudformation(cloudformation: Any) -> Any:
    return RememberingCloudFormation(cloudformation)


@pytest.fixture
def runs(aws: boto3.Session, cloudformation: Any, templates: Path, tmp_path: Path) -> Runs:
    zip_path = tmp_path / "fulfillment.zip"
    zip_path.write_bytes(b"zip")
    return Runs(RememberingSession(aws, cloudformation), templates, zip_path)


def status(cloudformation: Any) -> str:
    return str(cloudformation.describe_stacks(StackName="lex")["Stacks"][0]["StackStatus"])


def values(cloudformation: Any) -> dict[str, str]:
    (stack,) = cloudformation.describe_stacks(StackName="lex")["Stacks"]
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}


# --- making and changing


def test_a_stack_is_made_and_says_what_to_do_next(runs: Runs, cloudformation: Any, s3: Any) -> None:
    runs.deploy(template="streaming-support", values={"Name": "blue"})

    assert status(cloudformation) == "CREATE_COMPLETE"
    assert values(cloudformation) == {"Name": "blue", "Colour": "red"}
    assert runs.lines[:2] == ["lex in us-east-1:", "  Add  Queue  AWS::SQS::Queue  new"]
    assert "  StreamingWebSocketEndpoint=wss://a.example/Prod" in runs.lines
    assert "  SESSION_TABLE=blue" in runs.lines
    # It needs neither code nor a bucket.
    assert runs.code == []
    assert s3.list_buckets()["Buckets"] == []


def test_values_that_are_not_set_stay(runs: Runs, cloudformation: Any) -> None:
    runs.deploy(template="streaming-support", values={"Name": "blue", "Colour": "dark"})
    runs.deploy(values={"Colour": "light"})

    assert values(cloudformation) == {"Name": "blue", "Colour": "light"}
    assert status(cloudformation) == "UPDATE_COMPLETE"


def test_the_same_again_is_nothing_to_change(runs: Runs) -> None:
    # moto compares the values that were given, so all are.
    runs.deploy(template="fulfillment", values={"Name": "plain", "Colour": "red"})
    runs.deploy()

    assert runs.lines[0] == "lex: nothing to change"
    assert "Outputs:" in runs.lines


def test_code_goes_into_a_bucket_of_the_account(runs: Runs, cloudformation: Any, s3: Any) -> None:
    runs.deploy(template="fulfillment", code=[Path("a"), Path("b")])

    assert runs.code == [[Path("a"), Path("b")]]
    deployed = values(cloudformation)
    assert deployed["CodeBucket"] == BUCKET
    assert s3.get_object(Bucket=BUCKET, Key=deployed["CodeKey"])["Body"].read() == b"zip"
    assert len(deployed["Revision"]) == 16


def test_a_changed_value_is_a_new_revision(runs: Runs, cloudformation: Any) -> None:
    runs.deploy(template="fulfillment")
    first = values(cloudformation)
    runs.deploy(values={"Name": "blue"})
    second = values(cloudformation)

    assert first["Revision"] != second["Revision"]
    assert first["CodeKey"] == second["CodeKey"]


def test_nested_templates_are_read_from_the_bucket(runs: Runs, cloudformation: Any) -> None:
    (runs.folder / "fulfillment.yaml").unlink()
    runs.deploy(bucket="my-bucket")

    assert values(cloudformation)["TemplatesBucket"] == "my-bucket"
    names = {each["StackName"] for each in cloudformation.describe_stacks()["Stacks"]}
    assert len(names) == 2
    # The next run knows the bucket and the template from the stack.
    runs.deploy(values={"Name": "other"})
    assert values(cloudformation)["TemplatesBucket"] == "my-bucket"


# --- asking


def test_without_a_yes_nothing_is_left(runs: Runs, cloudformation: Any) -> None:
    runs.deploy(template="streaming-support", answer="n")

    assert runs.lines[-1] == "nothing was changed"
    assert cloudformation.describe_stacks()["Stacks"] == []


def test_yes_in_advance_asks_nothing(runs: Runs, cloudformation: Any) -> None:
    runs.deploy(template="streaming-support", yes=True, answer="n")
    assert status(cloudformation) == "CREATE_COMPLETE"


def test_a_change_set_can_be_left_for_others(runs: Runs, cloudformation: Any) -> None:
    runs.deploy(template="streaming-support", executes=False)

    assert "aws cloudformation execute-change-set --change-set-name arn:" in runs.lines[-1]
    assert status(cloudformation) == "REVIEW_IN_PROGRESS"


# --- deleting


def test_deleting_leaves_nothing(runs: Runs, cloudformation: Any, s3: Any) -> None:
    runs.deploy(template="fulfillment")
    runs.delete()

    assert runs.lines[-1] == "lex is gone"
    assert cloudformation.describe_stacks()["Stacks"] == []
    assert s3.list_buckets()["Buckets"] == []


def test_a_bucket_of_ones_own_stays(runs: Runs, s3: Any) -> None:
    s3.create_bucket(Bucket="my-bucket")
    runs.deploy(template="fulfillment", bucket="my-bucket")
    runs.delete()

    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == ["my-bucket"]
    assert "Contents" not in s3.list_objects_v2(Bucket="my-bucket")


# --- failing


def test_a_wrong_value_stops_it_before_the_build(runs: Runs) -> None:
    with pytest.raises(CommandFailed, match="no parameter Nam; is Name meant"):
        runs.deploy(template="fulfillment", values={"Nam": "x"})
    assert runs.code == []


def test_a_missing_template_is_named(runs: Runs) -> None:
    (runs.folder / "lex-streaming.yaml").unlink()

    with pytest.raises(CommandFailed, match="lex-streaming.yaml is missing"):
        runs.deploy()


def test_there_has_to_be_something_to_delete(runs: Runs) -> None:
    with pytest.raises(CommandFailed, match="there is no stack lex in this region"):
        runs.delete()


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"TemplatesBucket": "b", "CodeBucket": "b"}, "lex-streaming"),
        ({"CodeBucket": "b"}, "fulfillment"),
        ({"TableName": ""}, "streaming-support"),
        ({"ModelId": "m"}, "lex-streaming-standalone"),
        ({"CodeBucket": "b", "TaskSeconds": "900"}, "socket-tasks"),
        ({"CodeBucket": "b", "AskReturns": "at-end"}, "graphql-chat"),
    ],
)
def test_a_stack_keeps_its_template(parameters: dict[str, str], name: str) -> None:
    assert template_of(Stack("arn", "lex", "UPDATE_COMPLETE", parameters)) == name
    assert template_of(Stack("arn", "lex", "REVIEW_IN_PROGRESS", parameters)) == "lex-streaming"
    assert template_of(None) == "lex-streaming"


def test_a_template_with_its_own_code_takes_none(runs: Runs) -> None:
    with pytest.raises(CommandFailed, match="streaming-support.yaml takes no --code"):
        runs.deploy(template="streaming-support", code=[Path("mine")])


# --- interrupted, and followed again


def test_an_interrupt_at_the_question_leaves_nothing(
    aws: boto3.Session, cloudformation: Any, templates: Path
) -> None:
    def interrupt(question: str) -> str:
        raise KeyboardInterrupt

    timing = Timing(clock=lambda: 0.0, now=lambda: 1.0, sleep=_never)
    console = Console(yes=False, say=lambda line: None, ask=interrupt)
    session: Any = RememberingSession(aws, cloudformation)
    deployer = Deployer(session, "lex", None, console, timing)

    with pytest.raises(KeyboardInterrupt):
        deployer.deploy(DeployOptions(template="streaming-support"), _no_code, templates)
    assert cloudformation.list_change_sets(StackName="lex")["Summaries"] == []


def _no_code(code: Sequence[Path], *, platform: Platform) -> Path:
    raise AssertionError("needs no code")


def test_what_does_not_change_cannot_be_watched(runs: Runs) -> None:
    with pytest.raises(CommandFailed, match="there is no stack lex"):
        runs.watch()
    runs.deploy(template="streaming-support")
    with pytest.raises(CommandFailed, match=r"lex is not changing \(CREATE_COMPLETE\)"):
        runs.watch()
