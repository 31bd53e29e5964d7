"""One account in MiniStack for all tests of a session, with local Bedrock and Lex behind it."""

from __future__ import annotations

import json
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from tests.deployed.account import running_account, write_powertools_layer
from tests.deployed.deployed_lex import DeployedFunction
from tests.deployed.emulated_account import ACCOUNT, REGION, EmulatedAccount
from tests.stack_fixture import StackModel, running_app
from websocket_stack.local.aws_json import ServiceError, error_response
from websocket_stack.local.bedrock import routes as bedrock_routes
from websocket_stack.local.lex import routes as lex_routes
from websocket_stack.local.lex.service import LexRuntime

# https://github.com/aws-samples/aws-lex-web-ui/blob/master/templates/cognito.yaml
VISITOR_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Federated": "cognito-identity.amazonaws.com"},
            "Action": "sts:AssumeRoleWithWebIdentity",
        }
    ],
}
VISITOR_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "execute-api:Invoke",
            "Resource": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:*/Prod/$connect",
        }
    ],
}
# Many times what a fixture or a test takes.
LIMIT_SECONDS = 180


def _limited(item: pytest.Item) -> Generator[None, object, object]:
    """Have nothing wait for ever: the traceback shows what is waited for, and the run ends."""

    def give_up(*_: object) -> None:
        item.session.shouldfail = f"what takes more than {LIMIT_SECONDS} s is not waited for"
        pytest.fail(str(item.session.shouldfail))

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(LIMIT_SECONDS)
    try:
        return (yield)
    finally:
        signal.alarm(0)


pytest_runtest_setup = pytest.hookimpl(wrapper=True)(_limited)
pytest_runtest_call = pytest.hookimpl(wrapper=True)(_limited)
pytest_runtest_teardown = pytest.hookimpl(wrapper=True)(_limited)


@pytest.fixture(scope="session")
def powertools_layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_powertools_layer(tmp_path_factory.mktemp("layer"))


def _bedrock() -> Starlette:
    # Slow enough that functions on a busy machine post a part of a reply before its end.
    model = StackModel(tokens_per_second=200)
    return Starlette(
        routes=bedrock_routes.routes(model),
        exception_handlers={ServiceError: error_response},
    )


@pytest.fixture(scope="session")
def aws(powertools_layer: Path) -> Iterator[EmulatedAccount]:
    with (
        pytest.MonkeyPatch.context() as environ,
        running_app(_bedrock()) as bedrock,
        running_account(bedrock, powertools_layer) as origin,
    ):
        environ.setenv("AWS_ENDPOINT_URL", origin)
        account = EmulatedAccount(origin)
        lex = LexRuntime(DeployedFunction(account.session))
        with running_app(Starlette(routes=lex_routes.routes(lex))) as lex_origin:
            environ.setenv("AWS_ENDPOINT_URL_LEX_RUNTIME_V2", lex_origin)
            yield account


@pytest.fixture(scope="session")
def identity_pool(aws: EmulatedAccount) -> str:
    """An identity pool whose guests may connect, as Lex Web UI makes it."""
    cognito, iam = aws.client("cognito-identity"), aws.client("iam")
    pool: str = cognito.create_identity_pool(
        IdentityPoolName="visitors", AllowUnauthenticatedIdentities=True
    )["IdentityPoolId"]
    role = iam.create_role(RoleName="visitor", AssumeRolePolicyDocument=json.dumps(VISITOR_TRUST))
    iam.put_role_policy(
        RoleName="visitor", PolicyName="connect", PolicyDocument=json.dumps(VISITOR_POLICY)
    )
    cognito.set_identity_pool_roles(
        IdentityPoolId=pool, Roles={"unauthenticated": role["Role"]["Arn"]}
    )
    return pool


@pytest.fixture
def stack_name(aws: EmulatedAccount, request: pytest.FixtureRequest) -> Iterator[str]:
    """A name for a stack, which is deleted afterwards."""
    name = request.node.name.replace("_", "-").replace("[", "-").strip("]")
    yield name
    if aws.stack(name):
        status, lines = aws.deploy(name, "--delete")
        assert status == 0, "\n".join(lines)
