"""The templates in the hands of the real AWS CLI, against moto's CloudFormation on loopback.

moto makes no API Gateway resources, ignores conditions in an update, and calls no Lambda; what it
does make is what is looked at. A switch is therefore a stack made anew under its name.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

pytestmark = pytest.mark.aws_cli

ROOT = Path(__file__).resolve().parents[1]
STACK = "made-by-the-cli"

Aws = Callable[..., Any]


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()

    def run(*arguments: str) -> Any:
        done = subprocess.run(
            [Path(sys.executable).with_name("aws"), *arguments, "--output", "json"],
            env=os.environ | {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_PAGER": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    yield run
    server.stop()


def make(aws: Aws, streaming: str) -> dict[str, str]:
    """Make the stack, whatever there was under its name; return its outputs."""
    aws("cloudformation", "delete-stack", "--stack-name", STACK)
    aws(
        "cloudformation",
        "create-stack",
        "--stack-name",
        STACK,
        "--template-body",
        f"file://{ROOT / 'templates/streaming-support.yaml'}",
        "--parameters",
        f"ParameterKey=AllowStreamingResponses,ParameterValue={streaming}",
        "--capabilities",
        "CAPABILITY_IAM",
    )
    (stack,) = aws("cloudformation", "describe-stacks", "--stack-name", STACK)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def functions_of_the_stack(aws: Aws) -> list[Any]:
    # moto is one for the whole process, and other tests make things in it too.
    functions = aws("lambda", "list-functions")["Functions"]
    return [function for function in functions if function["FunctionName"].startswith(STACK)]


def test_the_cli_takes_every_template(aws: Aws) -> None:
    for template in sorted((ROOT / "templates").glob("*.yaml")):
        described = aws(
            "cloudformation", "validate-template", "--template-body", f"file://{template}"
        )
        assert described is not None


@pytest.mark.filterwarnings("ignore:Tried to parse AWS..ApiGatewayV2")
def test_streaming_is_switched_off_and_on_and_keeps_its_names(aws: Aws) -> None:
    first = make(aws, "true")
    table = aws("dynamodb", "describe-table", "--table-name", first["DynamoTableName"])["Table"]
    assert first["DynamoTableName"] == f"{STACK}-sessions"
    assert first["SessionTableArn"] == table["TableArn"]
    (function,) = functions_of_the_stack(aws)
    assert function["Handler"] == "index.lambda_handler"
    environment = function["Environment"]["Variables"]
    assert environment == {"SESSION_TABLE": first["DynamoTableName"], "ALLOW_ANONYMOUS": "false"}

    off = make(aws, "false")
    assert set(off) == {"NotNeeded"}
    assert first["DynamoTableName"] not in aws("dynamodb", "list-tables")["TableNames"]
    assert functions_of_the_stack(aws) == []

    again = make(aws, "true")
    assert set(again) == set(first)
    assert again["DynamoTableName"] == first["DynamoTableName"]
