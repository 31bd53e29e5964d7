"""``templates/socket-tasks.yaml``, evaluated with the parameters that it requires."""

from __future__ import annotations

from typing import Any

from tests.evaluator import Stack, evaluate

NAME = "socket-tasks"
REQUIRED = {"CodeBucket": "artifacts", "CodeKey": "code/0123abcd.zip"}
JWT = {"SignIn": "JWT", "JwtIssuer": "https://issuer.example", "JwtAudience": "chat"}
AUTHORIZER = "arn:aws:lambda:eu-central-1:123456789012:function:who"
CUSTOM = {"SignIn": "CUSTOM", "AuthorizerArn": AUTHORIZER}
NONE = {"SignIn": "NONE"}
RELAYED = {"RelayFrames": "true"}


def evaluated(**given: str) -> Stack:
    return evaluate(NAME, REQUIRED | given, {"TasksApi": "abc123"})


def variables(stack: Stack, title: str) -> dict[str, str]:
    environment: dict[str, str] = stack.properties(title)["Environment"]["Variables"]
    return environment


def statements(stack: Stack, role: str) -> dict[str, dict[str, Any]]:
    """Return what a role allows, by statement id."""
    (policy,) = stack.properties(role)["Policies"]
    return {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"]}
