"""``templates/streaming-support.yaml``, evaluated; and created in moto as far as moto goes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from types import ModuleType
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws
from troposphere import Template
from troposphere.apigatewayv2 import Integration

from evaluator import Refused, Stack, evaluate, source
from websocket_stack import registration
from websocket_stack.cloudformation.templates import streaming_support
from websocket_stack.cloudformation.websocket_api import ROUTES, content_hash

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


def deployment(stack: Stack) -> str:
    (title,) = stack.of_type("AWS::ApiGatewayV2::Deployment")
    assert stack.properties("ProdStage")["DeploymentId"] == f"<{title}>"
    return title


# --- which resources exist


def test_deployed_alone_with_defaults_it_streams() -> None:
    assert resource_names(evaluated()) == {
        "SessionTable",
        "Registration",
        "RegistrationRole",
        "RegistrationLog",
        "WebSocketApi",
        "RegistrationIntegration",
        "SilentIntegration",
        "ConnectRoute",
        "DisconnectRoute",
        "PingRoute",
        "DefaultRoute",
        "AllowConnect",
        "AllowDisconnect",
        "SignedDeployment",
        "ProdStage",
    }


def test_access_logs_add_the_accounts_role_and_nothing_else() -> None:
    without, with_logs = evaluated(), evaluated(**ACCESS_LOGS)
    assert with_logs.resources.keys() - without.resources.keys() == OF_ACCESS_LOGS


@pytest.mark.parametrize("given", [{}, ANONYMOUS, IN_VPC, {"TableName": "mine"}])
def test_unless_asked_for_the_accounts_settings_are_left_alone(given: dict[str, str]) -> None:
    assert evaluated(**given).of_type("AWS::ApiGateway::Account") == {}


@pytest.mark.parametrize("given", [{}, ANONYMOUS, IN_VPC, ACCESS_LOGS, {"TableName": "mine"}])
def test_switched_off_nothing_exists(given: dict[str, str]) -> None:
    stack = evaluated(**OFF, **given)
    assert stack.resources == {}
    assert stack.outputs.keys() == ALWAYS


# --- in the place of Lex Web UI's own


def test_it_takes_all_parameters_of_lex_web_uis_template() -> None:
    stack = evaluated(**LEX_WEB_UI_PARAMETERS)
    assert stack.properties("SessionTable")["TableName"] == "streaming-chat-table"
    assert stack.properties("WebSocketApi")["Name"] == "lex-web-ui-streaming"


@pytest.mark.parametrize("name", ["VpcSubnetId", "VpcSecurityGroupId"])
def test_it_takes_the_empty_parameters_of_lex_web_uis_template(name: str) -> None:
    assert "VpcConfig" not in evaluated(**LEX_WEB_UI_PARAMETERS | {name: ""}).properties(
        "Registration"
    )


def test_it_gives_all_outputs_of_lex_web_uis_template_and_what_people_need_next() -> None:
    assert evaluated().outputs.keys() == ALWAYS | STREAMING_OUTPUTS


def test_no_parameter_is_required() -> None:
    parameters = source(NAME)["Parameters"]
    assert [name for name, parameter in parameters.items() if "Default" not in parameter] == []


def test_the_outputs_name_the_api_and_the_table() -> None:
    outputs = evaluate(
        NAME, known={"WebSocketApi": "abc123", "SessionTable": "chat-sessions"}
    ).outputs
    assert outputs["WebSocketId"] == "abc123"
    assert outputs["DynamoTableName"] == "chat-sessions"
    host = "abc123.execute-api.eu-central-1.amazonaws.com"
    assert outputs["WebSocketEndpoint"] == f"wss://{host}/Prod"
    assert outputs["ConnectionsEndpoint"] == f"https://{host}/Prod"
    assert outputs["SessionTableArn"] == "<SessionTable.Arn>"


# --- the session table


def test_the_table_is_paid_by_use_encrypted_and_expires_rows() -> None:
    table = evaluated().properties("SessionTable")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["KeySchema"] == [{"AttributeName": "sessionId", "KeyType": "HASH"}]
    assert table["AttributeDefinitions"] == [{"AttributeName": "sessionId", "AttributeType": "S"}]


@pytest.mark.parametrize(
    ("given", "name"), [({}, "chat-sessions"), ({"TableName": "mine"}, "mine")]
)
def test_the_tables_name_follows_from_the_stack_or_is_given(
    given: dict[str, str], name: str
) -> None:
    assert evaluated(**given).properties("SessionTable")["TableName"] == name


@pytest.mark.parametrize("name", ["ab", "a b", "sessions/1", "x" * 256])
def test_a_name_that_dynamodb_does_not_take_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="TableName"):
        evaluated(TableName=name)


# --- the API


def test_connect_is_signed() -> None:
    assert routes(evaluated())["$connect"]["AuthorizationType"] == "AWS_IAM"
    assert _variables(evaluated())["ALLOW_ANONYMOUS"] == "false"


def test_where_anybody_may_connect_the_registration_knows() -> None:
    stack = evaluated(**ANONYMOUS)
    assert routes(stack)["$connect"]["AuthorizationType"] == "NONE"
    assert _variables(stack)["ALLOW_ANONYMOUS"] == "true"


def test_every_route_leads_to_its_integration() -> None:
    assert {key: route["Target"] for key, route in routes(evaluated()).items()} == {
        "$connect": "integrations/<RegistrationIntegration>",
        "$disconnect": "integrations/<RegistrationIntegration>",
        "ping": "integrations/<SilentIntegration>",
        "$default": "integrations/<SilentIntegration>",
    }


def test_messages_are_told_apart_by_their_action() -> None:
    api = evaluated().properties("WebSocketApi")
    assert api["RouteSelectionExpression"] == "$request.body.action"
    assert api["ProtocolType"] == "WEBSOCKET"


def test_ping_and_whatever_else_is_said_cost_no_lambda_and_answer_nothing() -> None:
    stack = evaluated()
    silent = stack.properties("SilentIntegration")
    assert silent["IntegrationType"] == "MOCK"
    assert "IntegrationUri" not in silent
    (template,) = silent["RequestTemplates"].values()
    assert json.loads(template) == {"statusCode": 200}
    for route in routes(stack).values():
        assert "RouteResponseSelectionExpression" not in route
    assert stack.of_type("AWS::ApiGatewayV2::RouteResponse") == {}
    assert stack.of_type("AWS::ApiGatewayV2::IntegrationResponse") == {}


def test_connect_and_disconnect_reach_the_registration() -> None:
    stack = evaluated()
    integration = stack.properties("RegistrationIntegration")
    assert integration["IntegrationType"] == "AWS_PROXY"
    assert integration["IntegrationUri"] == (
        "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/"
        "<Registration.Arn>/invocations"
    )
    permissions = stack.of_type("AWS::Lambda::Permission").values()
    api = "arn:aws:execute-api:eu-central-1:123456789012:<WebSocketApi>"
    assert {permission["SourceArn"] for permission in permissions} == {
        f"{api}/*/$connect",
        f"{api}/*/$disconnect",
    }
    for permission in permissions:
        assert permission["FunctionName"] == "<Registration>"
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert permission["Action"] == "lambda:InvokeFunction"


def test_the_stage_is_the_one_that_lex_web_ui_may_call_and_throttles_every_route() -> None:
    stage = evaluated(ThrottlingRate="7", ThrottlingBurst="9").properties("ProdStage")
    assert stage["StageName"] == "Prod"
    # Of the default, not of a route: API Gateway throttles no key that is not there.
    assert stage["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": "7",
        "ThrottlingBurstLimit": "9",
    }
    assert "RouteSettings" not in stage


# --- deployments


def test_a_deployment_waits_for_all_that_it_holds() -> None:
    stack = evaluated()
    held = {
        *stack.of_type("AWS::ApiGatewayV2::Route"),
        *stack.of_type("AWS::ApiGatewayV2::Integration"),
    }
    assert set(stack.resources[deployment(stack)]["DependsOn"]) == held


@pytest.mark.parametrize("given", [IN_VPC, ACCESS_LOGS, {"TableName": "mine"}])
def test_what_changes_no_route_keeps_the_deployment(given: dict[str, str]) -> None:
    assert deployment(evaluated(**given)) == deployment(evaluated())


def test_another_authorization_reaches_the_stage() -> None:
    assert deployment(evaluated(**ANONYMOUS)) != deployment(evaluated())


def test_the_same_routes_make_the_same_deployment() -> None:
    assert _deployments(streaming_support.build()) == _deployments(
        streaming_support.build(dict(ROUTES))
    )


@pytest.mark.parametrize(
    "changed",
    [
        {key: target for key, target in ROUTES.items() if key != "ping"},
        {**ROUTES, "hello": "SilentIntegration"},
        {**ROUTES, "ping": "RegistrationIntegration"},
    ],
)
def test_other_routes_make_another_deployment(changed: Mapping[str, str]) -> None:
    before, after = (
        _deployments(streaming_support.build()),
        _deployments(streaming_support.build(changed)),
    )
    assert len(after) == 2
    assert before.isdisjoint(after)


def test_another_definition_of_an_integration_makes_another_deployment() -> None:
    silent = Integration("Silent", ApiId="a", IntegrationType="MOCK")
    same = Integration("Silent", ApiId="a", IntegrationType="MOCK")
    other = Integration("Silent", ApiId="a", IntegrationType="MOCK", PassthroughBehavior="NEVER")
    assert content_hash([silent]) == content_hash([same])
    assert content_hash([silent]) != content_hash([other])


# --- logs


def test_access_logs_hold_nothing_of_the_query_string() -> None:
    settings = evaluated(**ACCESS_LOGS).properties("ProdStage")["AccessLogSettings"]
    assert settings["DestinationArn"] == "<ApiAccessLog.Arn>"
    logged = set(json.loads(settings["Format"]).values())
    assert logged == {
        "$context.requestId",
        "$context.routeKey",
        "$context.status",
        "$context.connectionId",
        "$context.error.message",
        "$context.integrationErrorMessage",
    }


def test_without_access_logs_the_stage_needs_no_role() -> None:
    stage = evaluated().properties("ProdStage")
    assert not {"AccessLogSettings", "Tags"} & stage.keys()


def test_the_stage_is_made_after_the_accounts_role_is_set() -> None:
    # By a reference, since a resource that may not exist cannot be depended on.
    assert "<ApiGatewayAccount>" in json.dumps(evaluated(**ACCESS_LOGS).properties("ProdStage"))


@pytest.mark.parametrize("title", ["ApiGatewayAccount", "ApiGatewayLogsRole"])
def test_what_other_apis_of_the_account_may_rely_on_stays(title: str) -> None:
    resource = evaluated(**ACCESS_LOGS).resources[title]
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"


def test_the_registration_logs_json_to_its_own_group() -> None:
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


def test_the_inlined_code_is_the_tested_module_byte_for_byte() -> None:
    inlined = evaluated().properties("Registration")["Code"]["ZipFile"]
    with open(registration.__file__, "rb") as module:
        assert inlined.encode() == module.read()


def test_the_environment_is_what_the_registration_reads() -> None:
    assert _variables(evaluated()).keys() == {"SESSION_TABLE", "ALLOW_ANONYMOUS"}
    assert _variables(evaluated())["SESSION_TABLE"] == "<SessionTable>"


@pytest.fixture
def aws() -> Iterator[Callable[[str], Any]]:
    # The tables of a running stack are moto's too, and are left alone.
    mock = mock_aws()
    mock.start(reset=False)
    made: list[Any] = []

    def client(service: str) -> Any:
        made.append(boto3.client(service, region_name="us-east-1"))
        return made[-1]

    try:
        yield client
    finally:
        for each in made:
            each.close()
        mock.stop(remove_data=False)


def test_the_inlined_code_answers_a_connect(aws, monkeypatch) -> None:
    properties = evaluated().properties("Registration")
    table = f"inlined-{uuid4().hex}"
    aws("dynamodb").create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        **{
            name: evaluated().properties("SessionTable")[name]
            for name in ("KeySchema", "AttributeDefinitions")
        },
    )
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


# --- created

# moto leaves out what it does not know, and says so; outputs then name the API literally.
unsupported_by_moto = pytest.mark.filterwarnings(
    "ignore:Tried to parse AWS", "ignore:Unable to delete .*, as it was never created"
)


@unsupported_by_moto
def test_switched_off_all_is_gone_and_switched_on_again_it_has_the_same_names(aws) -> None:
    name = f"support-{uuid4().hex[:8]}"
    cloudformation = aws("cloudformation")
    options = {"StackName": name, "Capabilities": ["CAPABILITY_IAM"]}

    cloudformation.create_stack(**options, **_request("true"))
    created = _outputs(cloudformation, name)
    assert created["DynamoTableName"] == f"{name}-sessions"
    assert _existing(aws, name) == {"table": 1, "role": 1, "function": 1, "log group": 1}

    cloudformation.update_stack(**options, **_request("false"))
    assert _outputs(cloudformation, name).keys() == ALWAYS
    assert set(_existing(aws, name).values()) == {0}

    # moto does not make again what a stack once had, so a new one goes on from here.
    cloudformation.delete_stack(StackName=name)
    cloudformation.create_stack(**options, **_request("false"))
    assert _outputs(cloudformation, name).keys() == ALWAYS
    assert set(_existing(aws, name).values()) == {0}

    cloudformation.update_stack(**options, **_request("true"))
    assert _outputs(cloudformation, name) == created
    assert set(_existing(aws, name).values()) == {1}

    cloudformation.delete_stack(StackName=name)
    assert set(_existing(aws, name).values()) == {0}


def _request(streaming: str) -> dict[str, Any]:
    """Return a template and its parameters as moto needs them.

    In an update moto compares templates, and AWS what their conditions leave: so what the
    conditions take away is not in here. Nor are permissions, which moto cannot delete once it has
    deleted their function.
    """
    given = {"AllowStreamingResponses": streaming}
    template = source(NAME)
    existing = evaluate(NAME, given).resources
    template["Resources"] = {
        title: resource
        for title, resource in template["Resources"].items()
        if title in existing and resource["Type"] != "AWS::Lambda::Permission"
    }
    return {
        "TemplateBody": json.dumps(template),
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in given.items()
        ],
    }


def _outputs(cloudformation: Any, name: str) -> dict[str, str]:
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _existing(aws: Callable[[str], Any], name: str) -> dict[str, int]:
    found = {
        "table": aws("dynamodb").list_tables()["TableNames"],
        "role": [role["RoleName"] for role in aws("iam").list_roles()["Roles"]],
        "function": [
            function["FunctionName"] for function in aws("lambda").list_functions()["Functions"]
        ],
        "log group": [
            group["logGroupName"] for group in aws("logs").describe_log_groups()["logGroups"]
        ],
    }
    return {
        kind: sum(each.startswith(f"{name}-") for each in names) for kind, names in found.items()
    }


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
    found: dict[str, str] = stack.properties("Registration")["Environment"]["Variables"]
    return found


def _deployments(template: Template) -> set[str]:
    return {
        title
        for title, resource in template.to_dict()["Resources"].items()
        if resource["Type"] == "AWS::ApiGatewayV2::Deployment"
    }
