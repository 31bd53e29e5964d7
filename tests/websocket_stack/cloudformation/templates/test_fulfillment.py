"""``templates/fulfillment.yaml``, evaluated: what exists, what streams, what is refused."""

from __future__ import annotations

import pytest

from tests.evaluator import Refused, source
from tests.websocket_stack.cloudformation.fulfillment_stack import (
    IN_VPC,
    NAME,
    REQUIRED,
    STREAMING,
    evaluated,
    settings,
    statements,
    variables,
)

STREAMING_SIDS = {"FindTheConnection", "PostFrames"}

ALWAYS = {
    "Fulfillment",
    "FulfillmentRole",
    "FulfillmentLog",
    "FulfillmentVersion",
    "LiveAlias",
    "Errors",
    "Throttles",
    "FailedTurns",
    "CutTurns",
    "GoneConnections",
    "LateFirstFrames",
    "TurnDashboard",
    "ConversationTable",
}


# --- what exists


def test_the_code_is_all_that_it_needs() -> None:
    parameters = source(NAME)["Parameters"]
    required = {name for name, parameter in parameters.items() if "Default" not in parameter}
    assert required == REQUIRED.keys()
    assert evaluated().resources.keys() == ALWAYS


@pytest.mark.parametrize("given", [STREAMING, IN_VPC, {"SnapStart": "true"}])
def test_options_add_no_resources(
    given: dict[str, str],
) -> None:
    assert evaluated(**given).resources.keys() == ALWAYS


def test_the_outputs_name_function_and_role() -> None:
    assert evaluated().outputs == {
        # The alias: a version that is published, warm or snapshot, is reached by it alone.
        "FunctionArn": "<LiveAlias>",
        "FunctionRoleArn": "<FulfillmentRole.Arn>",
    }


# --- streaming


def test_with_an_api_and_a_table_it_streams() -> None:
    stack = evaluated(**STREAMING)
    assert settings(stack).streaming_endpoint == (
        "https://abc123.execute-api.eu-central-1.amazonaws.com/Prod"
    )
    assert settings(stack).session_table == "chat-sessions"
    assert settings(stack).can_stream
    assert STREAMING_SIDS <= statements(stack).keys()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"WebSocketId": "abc123"},
        {"SessionTableName": "chat-sessions"},
        STREAMING | {"AllowStreamingResponses": "false"},
    ],
)
def test_else_it_neither_streams_nor_may_it(given: dict[str, str]) -> None:
    stack = evaluated(**given)
    assert variables(stack)["STREAMING_ENDPOINT"] == ""
    assert variables(stack)["SESSION_TABLE"] == ""
    assert not settings(stack).can_stream
    assert not STREAMING_SIDS & statements(stack).keys()
    assert "chat-sessions" not in str(statements(stack))
    assert "execute-api" not in str(statements(stack))


# --- what is refused


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GuardrailId", "arn:aws:bedrock:eu-central-1:123456789012:guardrail/gr1"),
        ("BotAliasArn", "TSTALIASID"),
        ("AlarmTopicArn", "mail@example.com"),
        ("VpcSubnetId", "vpc-1"),
        ("VpcSecurityGroupId", "default"),
        ("Revision", ""),
        ("TurnSeconds", "30"),
        ("Architecture", "sparc"),
        ("SystemPrompt", "x" * 2001),
        ("GuardrailMode", "later"),
        ("PromptCacheTtl", "5"),
        ("MemorySeconds", "59"),
        ("PolicyArns", "AmazonDynamoDBReadOnlyAccess"),
        ("PolicyArns", "arn:aws:iam::123456789012:role/orders"),
    ],
)
def test_a_value_of_another_form_is_refused(name: str, value: str) -> None:
    with pytest.raises(Refused, match=name):
        evaluated(**{name: value})


KEY = "arn:aws:kms:eu-central-1:123456789012:key/0a1b"


def test_a_key_of_ones_own_encrypts_what_is_kept() -> None:
    stack = evaluated(KmsKeyArn=KEY)
    _, own = stack.properties("FulfillmentRole")["Policies"]
    (statement,) = own["PolicyDocument"]["Statement"]

    assert stack.properties("Fulfillment")["KmsKeyArn"] == KEY
    assert stack.properties("FulfillmentLog")["KmsKeyId"] == KEY
    assert stack.properties("ConversationTable")["SSESpecification"] == {
        "SSEEnabled": True,
        "SSEType": "KMS",
        "KMSMasterKeyId": KEY,
    }
    assert (statement["Sid"], statement["Resource"]) == ("UseTheKey", KEY)
