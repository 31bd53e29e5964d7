"""``templates/streaming-support.yaml``, evaluated; and created in moto as far as moto goes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from types import ModuleType
from typing import Any
from uuid import uuid4

import boto3
import pytest

from tests.evaluator import Refused, Stack, evaluate, source
from tests.moto_aws import moto_aws
from websocket_stack import registration

NAME = "streaming-support"
OFF = {"AllowStreamingResponses": "false"}
ANONYMOUS = {"ConnectAuthorization": "NONE"}
ACCESS_LOGS = {"ManageApiGatewayLogs": "true"}
IN_VPC = {"VpcSubnetId": "subnet-0a1b", "VpcSecurityGroupId": "sg-0a1b"}
IDENTITY = "us-east-1:a8e1f7b2-b20d-441c-9698-aff8b519d8d5"

# https://github.com/aws-samples/aws-lex-web-ui/blob/master/templates/streaming-support.yaml
LEX_WEB_UI_PARAMETERS = {
    "ParentStackName": "lex-web-ui",
    "SourceBucket": "aws-bigdata-blog",
    "StreamingLambdaCodeObject": "artifacts/aws-lex-web-ui/artifacts/streaming-lambda.zip",
    "TableName": "streaming-chat-table",
    "ParentOrigin": "https://chat.example.com",
    "VpcSubnetId": "subnet-0123456789abcdef0",
    "VpcSecurityGroupId": "sg-0123456789abcdef0",
}
LEX_WEB_UI_OUTPUTS = {"WebSocketId", "DynamoTableName"}

ALWAYS = {"NotNeeded"}
STREAMING_OUTPUTS = LEX_WEB_UI_OUTPUTS | {
    "WebSocketEndpoint",
    "ConnectionsEndpoint",
    "SessionTableArn",
}
OF_ACCESS_LOGS = {"ApiAccessLog", "ApiGatewayLogsRole", "ApiGatewayAccount"}


def evaluated(**given: str) -> Stack:
    return evaluate(NAME, given)


def resource_names(stack: Stack) -> set[str]:
    """Return the resources by name, deployments without what they hold."""
    return {re.sub(r"(?<=Deployment)[0-9a-f]{12}$", "", title) for title in stack.resources}


def routes(stack: Stack) -> dict[str, dict[str, Any]]:
    return {
        route["RouteKey"]: route for route in stack.of_type("AWS::ApiGatewayV2::Route").values()
    }


# --- which resources exist


def test_deployed_alone_with_defaults_it_streams() -> None:
    assert resource_names(evaluated()) == {
        "ConnectionsTable",
        "Registration",
        "RegistrationRole",
        "RegistrationLog",
        "StreamingWebSocket",
        "RegistrationIntegration",
        "SilentIntegration",
        "ConnectRoute",
        "DisconnectRoute",
        "PingRoute",
        "DefaultRoute",
        "AllowConnect",
        "AllowDisconnect",
        "SignedDeployment",
        "Stage",
        "RegistrationErrors",
        "RegistrationThrottles",
        "IntegrationErrors",
        "ExecutionErrors",
    }


def test_access_logs_add_the_accounts_role() -> None:
    without, with_logs = evaluated(), evaluated(**ACCESS_LOGS)
    assert with_logs.resources.keys() - without.resources.keys() == OF_ACCESS_LOGS


@pytest.mark.parametrize("given", [{}, ANONYMOUS, IN_VPC, {"TableName": "mine"}])
def test_the_accounts_settings_are_left_alone(given: dict[str, str]) -> None:
    assert evaluated(**given).of_type("AWS::ApiGateway::Account") == {}


@pytest.mark.parametrize("given", [{}, ANONYMOUS, IN_VPC, ACCESS_LOGS, {"TableName": "mine"}])
def test_switched_off_nothing_exists(given: dict[str, str]) -> None:
    stack = evaluated(**OFF, **given)
    assert stack.resources == {}
    assert stack.outputs.keys() == ALWAYS


# --- in the place of Lex Web UI's own


def test_it_takes_the_parameters_of_lex_web_uis() -> None:
    stack = evaluated(**LEX_WEB_UI_PARAMETERS)
    assert stack.properties("ConnectionsTable")["TableName"] == "streaming-chat-table"
    assert stack.properties("StreamingWebSocket")["Name"] == "lex-web-ui-streaming"


@pytest.mark.parametrize("name", ["VpcSubnetId", "VpcSecurityGroupId"])
def test_it_takes_empty_parameters_of_lex_web_ui(name: str) -> None:
    assert "VpcConfig" not in evaluated(**LEX_WEB_UI_PARAMETERS | {name: ""}).properties(
        "Registration"
    )


def test_it_has_the_outputs_of_lex_web_uis() -> None:
    assert evaluated().outputs.keys() == ALWAYS | STREAMING_OUTPUTS


def test_no_parameter_is_required() -> None:
    parameters = source(NAME)["Parameters"]
    assert [name for name, parameter in parameters.items() if "Default" not in parameter] == []


def test_the_outputs_name_the_api_and_the_table() -> None:
    outputs = evaluate(
        NAME, known={"StreamingWebSocket": "abc123", "ConnectionsTable": "chat-sessions"}
    ).outputs
    assert outputs["WebSocketId"] == "abc123"
    assert outputs["DynamoTableName"] == "chat-sessions"
    host = "abc123.execute-api.eu-central-1.amazonaws.com"
    assert outputs["WebSocketEndpoint"] == f"wss://{host}/Prod"
    assert outputs["ConnectionsEndpoint"] == f"https://{host}/Prod"
    assert outputs["SessionTableArn"] == "<ConnectionsTable.Arn>"


# --- the session table


def test_the_table_is_encrypted_and_expires_rows() -> None:
    table = evaluated().properties("ConnectionsTable")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["KeySchema"] == [{"AttributeName": "sessionId", "KeyType": "HASH"}]
    assert table["AttributeDefinitions"] == [{"AttributeName": "sessionId", "AttributeType": "S"}]


@pytest.mark.parametrize(
    ("given", "name"), [({}, "chat-sessions"), ({"TableName": "mine"}, "mine")]
)
def test_the_tables_name_may_be_given(given: dict[str, str], name: str) -> None:
    assert evaluated(**given).properties("ConnectionsTable")["TableName"] == name


@pytest.mark.parametrize("name", ["ab", "a b", "sessions/1", "x" * 256])
def test_an_invalid_table_name_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="TableName"):
        evaluated(TableName=name)


# --- authorization


def test_connect_is_signed() -> None:
    assert routes(evaluated())["$connect"]["AuthorizationType"] == "AWS_IAM"
    assert _variables(evaluated())["ALLOW_ANONYMOUS"] == "false"


def test_the_registration_knows_if_anybody_may() -> None:
    stack = evaluated(**ANONYMOUS)
    assert routes(stack)["$connect"]["AuthorizationType"] == "NONE"
    assert _variables(stack)["ALLOW_ANONYMOUS"] == "true"


def test_the_registration_logs_json() -> None:
    assert evaluated().properties("Registration")["LoggingConfig"] == {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "INFO",
        "LogGroup": "<RegistrationLog>",
    }


# --- the registration Lambda


def test_in_a_vpc_the_registration_has_its_network() -> None:
    stack = evaluated(**IN_VPC)
    assert stack.properties("Registration")["VpcConfig"] == {
        "SubnetIds": ["subnet-0a1b"],
        "SecurityGroupIds": ["sg-0a1b"],
    }
    assert "ManagedPolicyArns" in stack.properties("RegistrationRole")


def test_the_inlined_code_is_the_tested_module() -> None:
    inlined = evaluated().properties("Registration")["Code"]["ZipFile"]
    with open(registration.__file__, "rb") as module:
        assert inlined.encode() == module.read()


def test_the_environment_is_what_the_code_reads() -> None:
    assert _variables(evaluated()).keys() == {"SESSION_TABLE", "ALLOW_ANONYMOUS"}
    assert _variables(evaluated())["SESSION_TABLE"] == "<ConnectionsTable>"


@pytest.fixture
def aws() -> Iterator[Callable[[str], Any]]:
    with moto_aws() as client_of:
        yield client_of


def test_the_inlined_code_answers_a_connect(
    aws: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    properties = evaluated().properties("Registration")
    table = f"inlined-{uuid4().hex}"
    aws("dynamodb").create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        **{
            name: evaluated().properties("ConnectionsTable")[name]
            for name in ("KeySchema", "AttributeDefinitions")
        },
    )
    boto3.setup_default_session()  # moto does not see clients of one that is older than it
    monkeypatch.setenv("SESSION_TABLE", table)
    monkeypatch.setenv("ALLOW_ANONYMOUS", properties["Environment"]["Variables"]["ALLOW_ANONYMOUS"])
    module_name, function_name = properties["Handler"].split(".")
    module = ModuleType(module_name)
    exec(compile(properties["Code"]["ZipFile"], f"{module_name}.py", "exec"), vars(module))
    handler = vars(module)[function_name]

    with closing(module._registration._client):
        assert handler(_connect(cognitoIdentityId=IDENTITY), None) == {"statusCode": 200}
        assert handler(_connect(), None) == {"statusCode": 401}

    row = aws("dynamodb").get_item(TableName=table, Key={"sessionId": {"S": "session-1"}})["Item"]
    assert row["connectionId"] == {"S": "L0SM9cOFvHcCIhw="}


def _connect(**identity: str) -> dict[str, Any]:
    return {
        "queryStringParameters": {"sessionId": "session-1"},
        "requestContext": {
            "routeKey": "$connect",
            "eventType": "CONNECT",
            "identity": {"sourceIp": "5.28.189.17", **identity},
            "connectionId": "L0SM9cOFvHcCIhw=",
        },
    }


def _variables(stack: Stack) -> dict[str, str]:
    environment: dict[str, str] = stack.properties("Registration")["Environment"]["Variables"]
    return environment
