"""The policies of the templates, against every call to AWS that the Lambdas make."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from fulfillment import Bot
from fulfillment.clients import Resources
from fulfillment.testing import Context
from tests import aws_stub
from tests.evaluator import PSEUDO_PARAMETERS, Stack, evaluate
from tests.moto_aws import moto_aws
from tests.policies import LOGGING, Call, allows, check, findings, granted, listed, statements
from tests.turns import reply_of
from websocket_stack.local.bedrock.event_stream import event as stream_event
from websocket_stack.registration import Registration

pytestmark = pytest.mark.slow

REGION = PSEUDO_PARAMETERS["AWS::Region"]
ACCOUNT = PSEUDO_PARAMETERS["AWS::AccountId"]
TABLE = "chat-sessions"
TABLE_ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{TABLE}"
MEMORY = "chat-ConversationTable-1A2B"
MEMORY_ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{MEMORY}"
LOG_GROUP_ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:chat-Log-1A2B:*"
API_ARN = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:abc123/Prod"
KNOWN = {
    "ConnectionsTable": TABLE,
    "ConnectionsTable.Arn": TABLE_ARN,
    "ConversationTable": MEMORY,
    "ConversationTable.Arn": MEMORY_ARN,
    "RegistrationLog.Arn": LOG_GROUP_ARN,
    "FulfillmentLog.Arn": LOG_GROUP_ARN,
}

EVENT_STREAM = {"Content-Type": "application/vnd.amazon.eventstream"}
FALLBACK = "meta.llama5-8b"
STREAMING = {"WebSocketId": "abc123", "SessionTableName": TABLE}
FORGETFUL = {"RememberConversations": "false"}
# An id that an earlier turn was saved under.
REMEMBERED = {"conversationId": "0123456789abcdefghijklmnopqrstuv"}
EVERYTHING = STREAMING | {
    "FallbackModelIds": FALLBACK,
    "FallbackModelArns": f"arn:aws:bedrock:{REGION}::foundation-model/{FALLBACK}",
    "GuardrailId": "gr1",
    "CreateBot": "true",
}
PROFILE = "global.anthropic.claude-haiku-5-5"
BEHIND_THE_PROFILE = "anthropic.claude-haiku-5-5"

VPC_POLICY = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"


def fulfillment_stack(**given: str) -> Stack:
    required = {"CodeBucket": "artifacts", "CodeKey": "code.zip"}
    return evaluate("fulfillment", required | given, KNOWN)


def support_stack(**given: str) -> Stack:
    return evaluate("streaming-support", given, KNOWN)


# --- the registration


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with moto_aws() as client_of:
        yield client_of("dynamodb")


def test_the_registration_may_do_what_it_does_and_nothing_else(dynamodb: Any) -> None:
    stack = support_stack()
    table = f"iam-{uuid4().hex}"
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "sessionId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "sessionId", "AttributeType": "S"}],
    )
    calls: set[Call] = set()

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        assert params["TableName"] == table
        calls.add(Call(f"dynamodb:{model.name}", TABLE_ARN))

    dynamodb.meta.events.register("before-parameter-build.dynamodb", note)
    registration = Registration(dynamodb, table)
    statuses = [
        registration.handle(event)["statusCode"]
        for event in (
            _websocket_event("CONNECT", "first=", "us-east-1:me"),
            _websocket_event("CONNECT", "second=", "us-east-1:me"),
            _websocket_event("CONNECT", "third=", "us-east-1:another"),
            _websocket_event("DISCONNECT", "first="),
            _websocket_event("DISCONNECT", "second="),
        )
    ]

    assert statuses == [200, 200, 403, 200, 200]  # registered, renewed, contested, left
    check(stack, "RegistrationRole", calls)
    assert {call.action for call in calls} == {
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
    }


def test_switched_off_there_is_no_role() -> None:
    off = {"AllowStreamingResponses": "false"}
    assert support_stack(**off).of_type("AWS::IAM::Role") == {}


# --- the fulfillment


class Aws:
    """Answers every client of boto3's default session, and notes what IAM would ask for."""

    def __init__(self, refused: str, *, streams: bool) -> None:
        self.calls: set[Call] = set()
        self._refused = refused
        self._posted = threading.Event()
        if not streams:
            self._posted.set()

    def note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        match model.name:
            case "GetItem" | "PutItem" | "UpdateItem":
                table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{params['TableName']}"
                self.calls.add(Call(f"dynamodb:{model.name}", table))
            case "ConverseStream":
                self._note_model(params)
            case "PostToConnection":
                # The rest is in the address that it is sent to; see `send`.
                assert params["ConnectionId"] == "L0SM9cOFvHcCIhw="
            case other:
                raise AssertionError(f"the fulfillment calls {other}")

    def _note_model(self, params: dict[str, Any]) -> None:
        # https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
        action, model_id = "bedrock:InvokeModelWithResponseStream", params["modelId"]
        if model_id == PROFILE:
            # A profile needs leave for itself and for the model behind it, in any region.
            # https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html
            profile = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/{model_id}"
            self.calls.add(Call(action, profile))
            for region in ("", REGION, "us-west-2"):
                model = f"arn:aws:bedrock:{region}::foundation-model/{BEHIND_THE_PROFILE}"
                self.calls.add(Call(action, model))
        else:
            self.calls.add(Call(action, f"arn:aws:bedrock:{REGION}::foundation-model/{model_id}"))
        if guardrail := params.get("guardrailConfig"):
            name = guardrail["guardrailIdentifier"]
            guardrail_arn = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:guardrail/{name}"
            profile_arn = f"arn:aws:bedrock:eu-west-1:{ACCOUNT}:guardrail-profile/eu.guardrail.v1:0"
            for arn in (guardrail_arn, profile_arn):
                self.calls.add(Call("bedrock:ApplyGuardrail", arn))

    def send(self, request: Any, **_: Any) -> AWSResponse:
        if "/@connections/" in request.url:
            host, stage, rest = request.url.removeprefix("https://").split("/", 2)
            api = host.split(".")[0]
            arn = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/{stage}/{request.method}/{rest}"
            self.calls.add(Call("execute-api:ManageConnections", arn))
            self._posted.set()
            return aws_stub.answered()(request)
        if "/converse-stream" in request.url:
            if self._refused and self._refused in request.url:
                return aws_stub.refused(403, "AccessDeniedException")(request)
            return aws_stub.response(
                request.url, 200, EVENT_STREAM, aws_stub.RawBody(self._stream())
            )
        row = {
            "sessionId": {"S": "s"},
            "connectionId": {"S": "L0SM9cOFvHcCIhw="},
            # A row that a turn has to keep.
            "owner": {"S": "us-east-1:me"},
            "ttl": {"N": str(int(time.time()) + 3600)},
        }
        found = {"Item": row} if json.loads(request.body)["TableName"] == TABLE else {}
        return aws_stub.answered(200, json.dumps(found).encode())(request)

    def _stream(self) -> Iterator[bytes]:
        yield stream_event("messageStart", {"role": "assistant"})
        yield stream_event(
            "contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hello"}}
        )
        # A reply that is whole at once would not be posted.
        assert self._posted.wait(10)
        yield stream_event("messageStop", {"stopReason": "end_turn"})


@pytest.fixture
def turn(event: dict[str, Any]) -> Any:
    """Return a function that runs a turn on a stack's environment, and returns its calls."""

    def run(stack: Stack, refused: str = "") -> set[Call]:
        environment = stack.properties("Fulfillment")["Environment"]["Variables"]
        aws = Aws(refused, streams=bool(environment["STREAMING_ENDPOINT"]))
        # Clients take over what their session listens to when they are made.
        boto3.setup_default_session(region_name=REGION)
        assert boto3.DEFAULT_SESSION
        events: Any = boto3.DEFAULT_SESSION.events
        events.register("before-parameter-build", aws.note)
        events.register("before-send", aws.send)
        try:
            bot = Bot(resources=Resources.from_environ(environment))
        finally:
            boto3.setup_default_session()
        text, _ = reply_of(bot.lambda_handler(event, Context()))
        assert text == "Hello"
        return aws.calls

    return run


@pytest.fixture
def event(load_event: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    loaded: dict[str, Any] = load_event("lex_web_ui_second_turn")
    loaded["sessionState"]["sessionAttributes"] |= REMEMBERED
    return loaded


def test_the_fulfillment_may_do_what_a_turn_does_and_nothing_else(turn: Any) -> None:
    stack = fulfillment_stack(**EVERYTHING)
    calls = turn(stack, refused=BEHIND_THE_PROFILE)

    check(stack, "FulfillmentRole", calls)
    assert {call.action for call in calls} == {
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "bedrock:InvokeModelWithResponseStream",
        "bedrock:ApplyGuardrail",
        "execute-api:ManageConnections",
    }
    # It reads where the connection is and keeps that row, and both reads and writes what was said.
    assert {call.action for call in calls if call.resource == TABLE_ARN} == {
        "dynamodb:GetItem",
        "dynamodb:UpdateItem",
    }
    assert {call.action for call in calls if call.resource == MEMORY_ARN} == {
        "dynamodb:GetItem",
        "dynamodb:PutItem",
    }


def test_with_one_model_it_may_ask_no_other(turn: Any) -> None:
    stack = fulfillment_stack(**STREAMING)
    check(stack, "FulfillmentRole", turn(stack))


def test_a_plain_model_needs_no_profile(turn: Any) -> None:
    stack = fulfillment_stack(ModelId=FALLBACK, FoundationModelId=FALLBACK, **FORGETFUL)
    calls = turn(stack)
    check(stack, "FulfillmentRole", calls)
    assert len(calls) == 1


@pytest.mark.parametrize("given", [STREAMING, FORGETFUL, STREAMING | FORGETFUL])
def test_what_is_switched_off_is_neither_called_nor_allowed(
    turn: Any, given: dict[str, str]
) -> None:
    stack = fulfillment_stack(**given)
    calls = turn(stack)
    check(stack, "FulfillmentRole", calls)
    tables = {call.resource for call in calls if call.action.startswith("dynamodb:")}
    assert tables == ({TABLE_ARN} if "WebSocketId" in given else set()) | (
        set() if "RememberConversations" in given else {MEMORY_ARN}
    )


@pytest.mark.parametrize("given", [{}, STREAMING | {"AllowStreamingResponses": "false"}])
def test_a_plain_bot_may_only_ask_the_model(turn: Any, given: Any) -> None:
    """Neither streaming nor remembering, it may do nothing else."""
    stack = fulfillment_stack(**given, **FORGETFUL)
    calls = turn(stack)
    check(stack, "FulfillmentRole", calls)
    assert {call.action for call in calls} == {"bedrock:InvokeModelWithResponseStream"}


@pytest.mark.parametrize("action", ["Scan", "Query", "DeleteItem", "UpdateItem", "BatchGetItem"])
def test_conversations_can_be_neither_searched_nor_deleted(action: str) -> None:
    grants = granted(fulfillment_stack(**EVERYTHING), "FulfillmentRole")
    call = Call(f"dynamodb:{action}", MEMORY_ARN)
    assert not any(allows(grant, call) for grant in grants)


@pytest.mark.parametrize(
    "resource",
    [
        f"arn:aws:execute-api:{REGION}:{ACCOUNT}:another/Prod/POST/@connections/x",
        f"arn:aws:execute-api:{REGION}:{ACCOUNT}:abc123/Test/POST/@connections/x",
        f"{API_ARN}/DELETE/@connections/x",
        f"arn:aws:execute-api:us-east-1:{ACCOUNT}:abc123/Prod/POST/@connections/x",
    ],
)
def test_no_other_api_stage_or_method_may_be_posted_to(resource: str) -> None:
    grants = granted(fulfillment_stack(**EVERYTHING), "FulfillmentRole")
    call = Call("execute-api:ManageConnections", resource)
    assert not any(allows(grant, call) for grant in grants)


# --- all roles

ROLES = {
    "RegistrationRole": support_stack(ManageApiGatewayLogs="true"),
    "ApiGatewayLogsRole": support_stack(ManageApiGatewayLogs="true"),
    "FulfillmentRole": fulfillment_stack(**EVERYTHING),
    "BotRole": fulfillment_stack(**EVERYTHING),
}
WITH_POLICIES = sorted(ROLES.keys() - {"ApiGatewayLogsRole"})


def test_these_are_all_roles() -> None:
    stacks = (support_stack(ManageApiGatewayLogs="true"), fulfillment_stack(**EVERYTHING))
    assert {role for stack in stacks for role in stack.of_type("AWS::IAM::Role")} == ROLES.keys()
    for stack in stacks:
        for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"):
            assert stack.of_type(kind) == {}


def test_four_resources_alone_have_wildcards() -> None:
    wild = {
        grant
        for role in WITH_POLICIES
        for grant in granted(ROLES[role], role)
        if "*" in grant.resource
    }
    assert wild == {
        # One connection of the very API and stage, whose id nobody knows before.
        Call("execute-api:ManageConnections", f"{API_ARN}/POST/@connections/*"),
        # One model, in whichever region the profile has it asked.
        Call(
            "bedrock:InvokeModelWithResponseStream",
            f"arn:aws:bedrock:*::foundation-model/{BEHIND_THE_PROFILE}",
        ),
        # The profile of a guardrail, in whichever region it is applied.
        Call("bedrock:ApplyGuardrail", f"arn:aws:bedrock:*:{ACCOUNT}:guardrail-profile/*"),
        # Polly's voices are no resources.
        Call("polly:SynthesizeSpeech", "*"),
    }


def test_no_action_has_a_wildcard() -> None:
    for role in WITH_POLICIES:
        for statement in statements(ROLES[role], role):
            assert not any("*" in action for action in listed(statement["Action"]))
            assert statement["Effect"] == "Allow"
            assert not {"NotAction", "NotResource"} & statement.keys()


@pytest.mark.parametrize("role", WITH_POLICIES)
def test_a_lambda_writes_to_its_own_log_group_alone(role: str) -> None:
    logged = [
        statement
        for statement in statements(ROLES[role], role)
        if LOGGING & set(listed(statement["Action"]))
    ]
    assert [statement["Resource"] for statement in logged] == (
        [] if role == "BotRole" else [LOG_GROUP_ARN]
    )


@pytest.mark.parametrize(
    ("role", "principal"),
    [
        ("RegistrationRole", "lambda.amazonaws.com"),
        ("FulfillmentRole", "lambda.amazonaws.com"),
        ("ApiGatewayLogsRole", "apigateway.amazonaws.com"),
        ("BotRole", "lexv2.amazonaws.com"),
    ],
)
def test_a_role_is_for_one_service(role: str, principal: str) -> None:
    (trusted,) = ROLES[role].properties(role)["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": principal}
    assert trusted["Action"] == "sts:AssumeRole"


def test_managed_policies_are_for_networks_and_access_logs_alone() -> None:
    in_vpc = {"VpcSubnetId": "subnet-0a1b", "VpcSecurityGroupId": "sg-0a1b"}
    support, fulfillment = support_stack(**in_vpc), fulfillment_stack(**in_vpc)
    assert support.properties("RegistrationRole")["ManagedPolicyArns"] == [VPC_POLICY]
    assert fulfillment.properties("FulfillmentRole")["ManagedPolicyArns"] == [VPC_POLICY]

    managed = {role: ROLES[role].properties(role).get("ManagedPolicyArns") for role in ROLES}
    assert {role: arns for role, arns in managed.items() if arns} == {
        "ApiGatewayLogsRole": [
            "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
        ]
    }


def test_policies_that_are_given_are_the_fulfillments_alone() -> None:
    given = "arn:aws:iam::123456789012:policy/orders"
    stack = fulfillment_stack(**EVERYTHING, PolicyArns=given)
    roles = stack.of_type("AWS::IAM::Role")
    assert {
        role: found["ManagedPolicyArns"] for role, found in roles.items() if given in str(found)
    } == {"FulfillmentRole": [given]}


@pytest.mark.parametrize("role", WITH_POLICIES)
def test_parliament_finds_nothing(role: str) -> None:
    for policy in ROLES[role].properties(role)["Policies"]:
        assert findings(policy["PolicyDocument"]) == []


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("dynamodb:GetItems", TABLE_ARN),
        ("dynamodb:GetItem", API_ARN),
        ("bedrock:InvokeModelWithResponseStream", TABLE_ARN),
        ("bedrock:ConverseStream", "*"),
    ],
)
def test_parliament_would_find_something(action: str, resource: str) -> None:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    assert findings({"Version": "2012-10-17", "Statement": [statement]})


def _websocket_event(kind: str, connection_id: str, identity: str = "") -> dict[str, Any]:
    return {
        "queryStringParameters": {"sessionId": "session-1"},
        "requestContext": {
            "eventType": kind,
            "connectionId": connection_id,
            "identity": {"cognitoIdentityId": identity},
        },
    }
