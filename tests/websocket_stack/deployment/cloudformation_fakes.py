"""A CloudFormation that answers from a script, and templates for the real one of moto."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
REGION = "us-east-1"
QUEUE_TEMPLATE = """\
Parameters:
  Name: {Type: String, Default: plain}
  Colour: {Type: String, Default: red}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub '${AWS::StackName}-${Name}-${Colour}'
Outputs:
  WebSocketEndpoint: {Value: 'wss://a.example/Prod'}
  ConnectionsEndpoint: {Value: 'https://a.example/Prod'}
  DynamoTableName: {Value: !Ref Name}
"""
OUTPUTS = {
    "WebSocketEndpoint": "wss://a.example/Prod",
    "ConnectionsEndpoint": "https://a.example/Prod",
}
ROOT_TEMPLATE = """\
Parameters:
  TemplatesBucket: {Type: String}
  TemplatesPrefix: {Type: String}
  Name: {Type: String, Default: nested}
Resources:
  Support:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: !Sub
        'https://${TemplatesBucket}.s3.${AWS::Region}.${AWS::URLSuffix}/${TemplatesPrefix}/streaming-support.yaml'
      Parameters: {Name: !Ref Name}
"""
STACK_ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/lex/1"
NESTED_ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/lex-Support/2"
NESTED_TYPE = "AWS::CloudFormation::Stack"
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def refusal(message: str, code: str = "ValidationError") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Call")


def event(
    number: int,
    logical_id: str,
    status: str,
    *,
    physical_id: str = "x",
    type: str = "AWS::SQS::Queue",
    reason: str = "",
) -> dict[str, Any]:
    """Return an event of a stack; its number is its id and its second."""
    return {
        "EventId": f"event-{number}-{logical_id}",
        "Timestamp": START + timedelta(seconds=number),
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": physical_id,
        "ResourceType": type,
        "ResourceStatus": status,
        **({"ResourceStatusReason": reason} if reason else {}),
    }


def of_stack(number: int, status: str, reason: str = "") -> dict[str, Any]:
    return event(number, "lex", status, physical_id=STACK_ID, type=NESTED_TYPE, reason=reason)


def of_nested(number: int, status: str, logical_id: str = "Support") -> dict[str, Any]:
    return event(number, logical_id, status, physical_id=NESTED_ID, type=NESTED_TYPE)


class FakeEvents:
    """Answers ``describe_stack_events``: each wait brings a stack's next events, newest first."""

    def __init__(self, *steps: Mapping[str, Sequence[dict[str, Any]]]) -> None:
        self._steps = list(steps)
        self._events: dict[str, list[dict[str, Any]]] = {STACK_ID: []}
        self.waits: list[float] = []
        self.sleep(seconds=0)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        assert self._steps or len(self.waits) < 50, "waits for ever"
        for stack_id, events in (self._steps.pop(0) if self._steps else {}).items():
            for each in events:
                self._events.setdefault(stack_id, []).insert(0, each)

    def describe_stack_events(self, StackName: str, NextToken: str = "0") -> dict[str, Any]:
        if StackName not in self._events:
            raise refusal(f"Stack [{StackName}] does not exist")
        start = int(NextToken)
        events = self._events[StackName]
        page: dict[str, Any] = {"StackEvents": events[start : start + 2]}
        if start + 2 < len(events):
            page["NextToken"] = str(start + 2)
        return page


class FakeChangeSets:
    """Answers change set calls from descriptions by change set id, in order of asking."""

    def __init__(self, *created: Sequence[dict[str, Any]], nested: Mapping[str, Any] = {}) -> None:
        self._created = list(created)
        self._described: dict[str, list[dict[str, Any]]] = {
            name: [described] for name, described in nested.items()
        }
        self.requests: list[dict[str, Any]] = []
        self.deleted: list[str] = []
        self.deleted_stacks: list[str] = []

    def create_change_set(self, **request: Any) -> dict[str, str]:
        self.requests.append(request)
        change_set = f"arn:aws:cloudformation:r:1:changeSet/{request['ChangeSetName']}/1"
        self._described[change_set] = list(self._created.pop(0))
        return {"Id": change_set, "StackId": STACK_ID}

    def describe_change_set(self, ChangeSetName: str, NextToken: str = "") -> dict[str, Any]:
        described = self._described[ChangeSetName]
        return described.pop(0) if len(described) > 1 else described[0]

    def delete_change_set(self, ChangeSetName: str) -> None:
        self.deleted.append(ChangeSetName)

    def delete_stack(self, StackName: str) -> None:
        self.deleted_stacks.append(StackName)


def changed(
    action: str, logical_id: str, type: str = "AWS::SQS::Queue", **more: str
) -> dict[str, Any]:
    return {
        "Type": "Resource",
        "ResourceChange": {
            "Action": action,
            "LogicalResourceId": logical_id,
            "ResourceType": type,
            **more,
        },
    }


def complete(*changes: dict[str, Any]) -> dict[str, Any]:
    return {"Status": "CREATE_COMPLETE", "Changes": list(changes)}


def failed(reason: str) -> dict[str, Any]:
    return {"Status": "FAILED", "StatusReason": reason}


class RememberingCloudFormation:
    """moto's client, with the outputs and values of an executed change set, which moto forgets."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._requested: dict[str, Any] = {}
        self._values: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def create_change_set(self, **request: Any) -> Any:
        self._requested = request
        return self._client.create_change_set(**request)

    def execute_change_set(self, **request: Any) -> None:
        self._client.execute_change_set(**request)
        for each in self._requested["Parameters"]:
            if "ParameterValue" in each:
                self._values[each["ParameterKey"]] = each["ParameterValue"]

    def describe_stacks(self, **request: Any) -> Any:
        described = self._client.describe_stacks(**request)
        for stack in described["Stacks"]:
            values = {
                each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])
            } | self._values
            stack["Parameters"] = [
                {"ParameterKey": name, "ParameterValue": value} for name, value in values.items()
            ]
            outputs = OUTPUTS | {"DynamoTableName": values.get("Name", "")}
            stack["Outputs"] = [
                {"OutputKey": name, "OutputValue": value} for name, value in outputs.items()
            ]
        return described


class RememberingSession:
    """A session with that client."""

    def __init__(self, session: Any, cloudformation: RememberingCloudFormation) -> None:
        self._session = session
        self._cloudformation = cloudformation
        self.region_name = session.region_name

    def client(self, service: str) -> Any:
        return (
            self._cloudformation if service == "cloudformation" else self._session.client(service)
        )
