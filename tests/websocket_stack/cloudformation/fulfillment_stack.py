"""``templates/fulfillment.yaml``, evaluated with the parameters that it requires."""

from __future__ import annotations

from typing import Any

from fulfillment.settings import Settings
from tests.evaluator import Stack, evaluate

NAME = "fulfillment"
REQUIRED = {"CodeBucket": "artifacts", "CodeKey": "code/0123abcd.zip"}
STREAMING = {"WebSocketId": "abc123", "SessionTableName": "chat-sessions"}
IN_VPC = {"VpcSubnetId": "subnet-0a1b", "VpcSecurityGroupId": "sg-0a1b"}
FORGETFUL = {"RememberConversations": "false"}


def evaluated(**given: str) -> Stack:
    return evaluate(NAME, REQUIRED | given)


def variables(stack: Stack) -> dict[str, str]:
    environment: dict[str, str] = stack.properties("Fulfillment")["Environment"]["Variables"]
    return environment


def settings(stack: Stack) -> Settings:
    """Return the settings that the Lambda reads from its environment."""
    return Settings.from_environ(variables(stack))


def statements(stack: Stack) -> dict[str, dict[str, Any]]:
    """Return what the Lambda's role allows, by statement id."""
    (policy,) = stack.properties("FulfillmentRole")["Policies"]
    return {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"]}
