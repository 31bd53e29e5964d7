"""An AWS account in MiniStack, and the product's own commands as they are run against it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.deployed.in_lambda.sitecustomize import reroute
from websocket_stack.command_line import Console
from websocket_stack.deployment import __main__ as deploy_command
from websocket_stack.deployment import options as deploy_options
from websocket_stack.deployment.build.lambda_zip import build
from websocket_stack.deployment.build.requirements import Platform
from websocket_stack.deployment.stack_events import Timing
from websocket_stack.deployment.stacks import Stack, find
from websocket_stack.smoke import __main__ as smoke_command
from websocket_stack.smoke import options as smoke_options
from websocket_stack.smoke import presigning
from websocket_stack.smoke.browser import Browser, Identity
from websocket_stack.smoke.stack import deployed_stack

ACCOUNT = "123456789012"
REGION = "us-east-1"
POLL_SECONDS = 0.05
# A busy machine needs some for a function's first call.
CONNECT_SECONDS = 60


class EmulatedAccount:
    """One account in one Region.

    Args:
        origin: where MiniStack listens.
    """

    def __init__(self, origin: str) -> None:
        self._port = int(origin.rpartition(":")[2])
        self._zip: Path | None = None
        self.session = self._make_session()
        self.cloudformation = self.session.client("cloudformation")

    def _make_session(self, **_: Any) -> boto3.Session:
        session = boto3.Session(region_name=REGION)
        session.events.register("before-send", reroute)
        return session

    def client(self, service: str) -> Any:
        # The stubs know no service whose name is a variable.
        make_client: Any = self.session.client
        return make_client(service)

    # --- commands

    def _build(self, code: Sequence[Path], *, platform: Platform) -> Path:
        """Build the zip as ``scripts/build`` does; without code of one's own, once."""
        if code:
            return build(code, platform=platform)
        self._zip = self._zip or build()
        return self._zip

    def deploy(self, stack: str, *arguments: str) -> tuple[int, list[str]]:
        """Run ``scripts/deploy``; return its exit status and its lines."""
        lines: list[str] = []
        options = deploy_options.argument_parser().parse_args([stack, *arguments])
        status = deploy_command.run(
            options,
            self._make_session,
            Console(yes=True, say=lines.append),
            self._build,
            timing=Timing(sleep=lambda _: time.sleep(POLL_SECONDS)),
        )
        return status, lines

    def deployed(self, stack: str, *arguments: str) -> Stack:
        """Run ``scripts/deploy``, which has to succeed; return the stack."""
        status, lines = self.deploy(stack, *arguments)
        found = self.stack(stack)
        assert status == 0, "\n".join(lines)
        assert found is not None
        return found

    def smoke(self, *arguments: str) -> tuple[int, list[str]]:
        """Run ``scripts/smoke``; return its exit status and its lines."""
        lines: list[str] = []
        options = smoke_options.argument_parser().parse_args(["--quiet-seconds", "0.2", *arguments])
        status = smoke_command.run(
            options, self._make_session, Console(say=lines.append), self.open_socket
        )
        return status, lines

    def cli(self, *arguments: str) -> None:
        """Run ``aws cloudformation``."""
        aws = Path(sys.executable).with_name("aws")
        subprocess.run([aws, "cloudformation", *arguments], check=True, capture_output=True)

    def put_stack(self, name: str, template: Mapping[str, Any], **parameters: str) -> Stack:
        """Make or change a stack that is not this project's; return it once that is done."""
        return self._put(name, {"TemplateBody": json.dumps(template)}, parameters)

    def put_uploaded_stack(self, name: str, url: str, **parameters: str) -> Stack:
        """Make or change a stack as the console does; return it once that is done."""
        return self._put(name, {"TemplateURL": url}, parameters)

    def _put(self, name: str, source: Mapping[str, str], parameters: Mapping[str, str]) -> Stack:
        operation = "update" if self.stack(name) else "create"
        getattr(self.cloudformation, f"{operation}_stack")(
            StackName=name,
            **source,
            Parameters=[
                {"ParameterKey": each, "ParameterValue": value}
                for each, value in parameters.items()
            ],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        self.wait_until(lambda: "_IN_PROGRESS" not in self._status(name))
        stack = self.stack(name)
        assert stack is not None and stack.status == f"{operation.upper()}_COMPLETE", stack
        return stack

    def _status(self, name: str) -> str:
        stack = self.stack(name)
        return stack.status if stack else "DELETE_COMPLETE"

    # --- what is there

    def stack(self, name: str) -> Stack | None:
        return find(self.cloudformation, name)

    def resources(self, stack: str) -> dict[str, str]:
        """Return the physical ids of a stack's resources, those of nested stacks included."""
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
        found = {}
        for each in (each for page in pages for each in page["StackResourceSummaries"]):
            found[each["LogicalResourceId"]] = each["PhysicalResourceId"]
            if each["ResourceType"] == "AWS::CloudFormation::Stack":
                found |= self.resources(each["PhysicalResourceId"])
        return found

    def rows(self, table: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client("dynamodb").scan(TableName=table)["Items"]
        return found

    def environment(self, stack: str) -> dict[str, str]:
        """Return the environment of the fulfillment Lambda behind the alias that Lex calls."""
        described = self.client("lambda").get_function_configuration(
            FunctionName=self.resources(stack)["LiveAlias"]
        )
        variables: dict[str, str] = described["Environment"]["Variables"]
        return variables

    def _policy(self, role: str) -> tuple[str, dict[str, Any]]:
        """Return the name and the document of the policy of a role, which has one."""
        iam = self.client("iam")
        (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
        return name, iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]

    def statements(self, role: str) -> list[str]:
        """Return the ids of what a role may do."""
        _, document = self._policy(role)
        return [each["Sid"] for each in document["Statement"]]

    @contextmanager
    def without(self, role: str, sid: str) -> Iterator[None]:
        """Take a statement out of a role for a while."""
        name, document = self._policy(role)
        left = [each for each in document["Statement"] if each["Sid"] != sid]
        assert len(left) == len(document["Statement"]) - 1

        def put(statements: list[object]) -> None:
            changed = json.dumps(document | {"Statement": statements})
            self.client("iam").put_role_policy(
                RoleName=role, PolicyName=name, PolicyDocument=changed
            )

        put(left)
        try:
            yield
        finally:
            put(document["Statement"])

    def inventory(self) -> set[str]:
        """Return the names of everything that a stack may have left behind.

        The role for API Gateway's logs is the whole account's, and is kept.
        """
        iam, logs = self.client("iam"), self.client("logs")
        return {
            *self.client("dynamodb").list_tables()["TableNames"],
            *(each["ApiId"] for each in self.client("apigatewayv2").get_apis()["Items"]),
            *(each["apiId"] for each in self.client("appsync").list_graphql_apis()["graphqlApis"]),
            *(each["FunctionName"] for each in self.client("lambda").list_functions()["Functions"]),
            *(
                each["RoleName"]
                for each in iam.list_roles()["Roles"]
                if "apigateway" not in str(each["AssumeRolePolicyDocument"])
            ),
            *(each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]),
            *(each["Name"] for each in self.client("s3").list_buckets()["Buckets"]),
        }

    def wait_until(self, condition: Callable[[], bool], seconds: float = 30) -> None:
        """Return once a condition holds, which has to be within some seconds."""
        gives_up_at = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < gives_up_at, "it does not come to that"
            time.sleep(POLL_SECONDS)

    def log_lines(self, stack: str, group: str) -> int:
        """Return how many lines a log group of a stack has."""
        name = self.resources(stack)[group]
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=name)
        return sum(len(page["events"]) for page in pages)

    # --- browsers

    def turn(self, stack: Stack, question: str) -> tuple[list[str], str]:
        """Ask a stack's bot in a browser; return the frames and the reply."""
        under_test = deployed_stack(
            smoke_options.argument_parser().parse_args(["--stack", stack.name]), self.session
        )
        assert under_test.bot_alias is not None
        found = self.session.get_credentials()
        assert found
        credentials = found.get_frozen_credentials()
        identity = Identity(f"visitor-{uuid.uuid4().hex}", credentials)
        browser = Browser(under_test, identity, open_socket=self.open_socket)
        with browser.connect() as socket:
            seen = browser.ask(socket, browser.lex_client, under_test.bot_alias, question)
        return [frame.text for frame in seen.frames], seen.reply

    def warm_up(self, stack: Stack) -> None:
        """Have a stack's function called once, which may take longer than a whole reply."""
        self.turn(stack, "Hello")

    def refusal(self, stack: Stack) -> int | None:
        """Connect without a signature; return the status of the refusal."""
        endpoint = stack.outputs["WebSocketEndpoint"]
        try:
            with self.open_socket(presigning.with_session(endpoint, "unsigned")):
                return None
        except InvalidStatus as exc:
            return exc.response.status_code

    def open_socket(self, url: str, **options: Any) -> Any:
        """Open a WebSocket of an API; its host's name leads to MiniStack."""
        options = {
            "address": ("127.0.0.1", self._port),
            "proxy": None,
            "open_timeout": CONNECT_SECONDS,
            **options,
        }
        return connect(url.replace("wss://", "ws://"), **options)

    @contextmanager
    def browser(self, stack: Stack, session_id: str = "") -> Iterator[ClientConnection]:
        """Connect to a stack's API as Lex Web UI does."""
        found = self.session.get_credentials()
        assert found
        credentials = found.get_frozen_credentials()
        session_id = session_id or f"browser-{uuid.uuid4().hex}"
        endpoint = stack.outputs["WebSocketEndpoint"]
        with self.open_socket(
            presigning.signed(endpoint, session_id, credentials, REGION)
        ) as socket:
            yield socket
