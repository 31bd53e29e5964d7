"""Every template is made, changed in every way, and deleted without a trace."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.deployed.emulated_account import EmulatedAccount
from tests.deployed.parameter_values import APART, ARN, OTHER_VALUES, settings
from websocket_stack.deployment import template_files
from websocket_stack.deployment.parameter_values import DERIVED
from websocket_stack.project import TEMPLATES

pytestmark = pytest.mark.deployed

SWITCHES = [
    ("streaming-support", {}),
    ("streaming-support", {"ConnectAuthorization": "NONE"}),
    ("streaming-support", {"ManageApiGatewayLogs": "true"}),
    ("streaming-support", {"TableName": "sessions"}),
    ("streaming-support", {"VpcSubnetId": "subnet-0123", "VpcSecurityGroupId": "sg-0123"}),
    ("fulfillment", {}),
    ("fulfillment", {"CreateBot": "true"}),
    ("fulfillment", {"CreateBot": "true", "BotLocaleId": "de_DE"}),
    ("fulfillment", {"CreateDashboard": "false", "RememberConversations": "false"}),
    ("fulfillment", {"SnapStart": "true"}),
    ("fulfillment", {"ProvisionedConcurrency": "1"}),
    ("fulfillment", {"PolicyArns": ARN}),
    ("fulfillment", {"GuardrailId": "abc123"}),
    ("fulfillment", {"WebSocketId": "abc123", "SessionTableName": "sessions"}),
    ("fulfillment", {"BotAliasArn": "arn:aws:lex:us-east-1:123456789012:bot-alias/B/A"}),
    (
        "fulfillment",
        {
            "VpcSubnetId": "subnet-0123",
            "VpcSecurityGroupId": "sg-0123",
            "PolicyArns": ARN,
        },
    ),
    ("lex-streaming", {}),
    ("lex-streaming", {"AllowStreamingResponses": "false", "RememberConversations": "false"}),
    ("lex-streaming-standalone", {"CreateBot": "false"}),
    ("lex-streaming-standalone", {"AllowStreamingResponses": "false"}),
    ("graphql-chat", {}),
    ("graphql-chat", {"SignIn": "AWS_IAM", "AskReturns": "at-once"}),
    (
        "graphql-chat",
        {"SignIn": "AMAZON_COGNITO_USER_POOLS", "UserPoolId": "us-east-1_aB3", "ClientIds": "web"},
    ),
    ("graphql-chat", {"SignIn": "OPENID_CONNECT", "OidcIssuer": "https://issuer.example"}),
]

CLI_OPTIONS = (
    "--template-file",
    str(TEMPLATES / "streaming-support.yaml"),
    "--capabilities",
    "CAPABILITY_IAM",
)
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "bedrock:Retrieve", "Resource": "*"}],
}


def _name(case: tuple[str, dict[str, str]]) -> str:
    template, values = case
    return "-".join([template, *values])


@pytest.fixture(autouse=True, scope="module")
def _policy(aws: EmulatedAccount) -> Iterator[None]:
    iam = aws.client("iam")
    iam.create_policy(PolicyName="documents", PolicyDocument=json.dumps(POLICY))
    yield
    iam.delete_policy(PolicyArn=ARN)


@pytest.fixture(autouse=True)
def _nothing_is_left(aws: EmulatedAccount) -> Iterator[None]:
    before = aws.inventory()
    yield
    assert not aws.inventory() - before


@pytest.mark.parametrize("case", SWITCHES, ids=_name)
def test_made_and_deleted(
    aws: EmulatedAccount, case: tuple[str, dict[str, str]], request: pytest.FixtureRequest
) -> None:
    template, values = case
    name = f"stack-{SWITCHES.index(case)}"
    aws.deployed(name, "--template", template, *settings(values))
    status, lines = aws.deploy(name, "--delete")
    assert status == 0, lines
    assert aws.stack(name) is None


@pytest.mark.parametrize("template", template_files.NAMES)
def test_every_parameter_changed(aws: EmulatedAccount, template: str, stack_name: str) -> None:
    """All at once, and back: nothing has to be replaced that cannot be."""
    declared = template_files.read(template).parameters
    assert declared.keys() - set(DERIVED) <= OTHER_VALUES.keys() | APART
    changed = {name: value for name, value in OTHER_VALUES.items() if name in declared}
    original = {name: declared[name].default or "" for name in changed}
    aws.deployed(stack_name, "--template", template)
    aws.deployed(stack_name, *settings(changed))
    assert aws.deployed(stack_name, *settings(original)).parameters.items() >= original.items()


def test_nothing_changed(aws: EmulatedAccount, stack_name: str) -> None:
    aws.deployed(stack_name)
    _, lines = aws.deploy(stack_name)
    assert f"{stack_name}: nothing to change" in lines


def test_streaming_off_and_on(aws: EmulatedAccount, stack_name: str) -> None:
    """API and table go and come back; bot, conversations and function stay."""
    kept = ("Bot", "LiveBotAlias", "ConversationTable", "Fulfillment")
    first = aws.deployed(stack_name, "--set", "CreateBot=true")
    before = aws.resources(stack_name)
    aws.deployed(stack_name, "--set", "AllowStreamingResponses=false")
    off = aws.resources(stack_name)
    assert "StreamingSupport" not in off
    assert aws.environment(stack_name)["STREAMING_ENDPOINT"] == ""
    again = aws.deployed(stack_name, "--set", "AllowStreamingResponses=true")
    on = aws.resources(stack_name)
    assert [off[each] for each in kept] == [before[each] for each in kept]
    assert [on[each] for each in kept] == [before[each] for each in kept]
    assert again.outputs["SessionTableName"] == first.outputs["SessionTableName"]
    endpoint = again.outputs["ConnectionsEndpoint"]
    assert aws.environment(stack_name)["STREAMING_ENDPOINT"] == endpoint


def test_streaming_support_off_and_on(aws: EmulatedAccount, stack_name: str) -> None:
    """The table comes back under its name."""
    first = aws.deployed(stack_name, "--template", "streaming-support").outputs
    off = aws.deployed(stack_name, "--set", "AllowStreamingResponses=false")
    assert off.outputs.keys() == {"NotNeeded"}
    on = aws.deployed(stack_name, "--set", "AllowStreamingResponses=true").outputs
    assert on["DynamoTableName"] == first["DynamoTableName"]
    assert on.keys() == first.keys()


def test_memory_off_and_on(aws: EmulatedAccount, stack_name: str) -> None:
    dynamodb = aws.client("dynamodb")
    aws.deployed(stack_name, "--template", "fulfillment")
    first = aws.environment(stack_name)["CONVERSATION_TABLE"]
    dynamodb.put_item(TableName=first, Item={"conversationId": {"S": "once"}})
    aws.deployed(stack_name, "--set", "RememberConversations=false")
    assert aws.environment(stack_name)["CONVERSATION_TABLE"] == ""
    assert first not in dynamodb.list_tables()["TableNames"]
    aws.deployed(stack_name, "--set", "RememberConversations=true")
    assert aws.rows(aws.environment(stack_name)["CONVERSATION_TABLE"]) == []


def test_settings_reach_the_alias(aws: EmulatedAccount, stack_name: str) -> None:
    """Lex calls the alias, so a new value needs a new version behind it."""
    aws.deployed(stack_name, "--template", "fulfillment")
    aws.deployed(stack_name, "--set", "TurnSeconds=12")
    assert aws.environment(stack_name)["TURN_SECONDS"] == "12"


@pytest.mark.parametrize("only", ["VpcSubnetId", "VpcSecurityGroupId"])
def test_half_a_vpc_is_refused(aws: EmulatedAccount, only: str, stack_name: str) -> None:
    values = {only: OTHER_VALUES[only]}
    status, _ = aws.deploy(stack_name, "--template", "streaming-support", *settings(values))
    assert status == 1


def test_the_aws_cli_deploys_it(aws: EmulatedAccount, stack_name: str) -> None:
    """With one file and no bucket, as the documentation has it."""
    aws.cli("deploy", "--stack-name", stack_name, *CLI_OPTIONS)
    stack = aws.stack(stack_name)
    assert stack and "WebSocketEndpoint" in stack.outputs
