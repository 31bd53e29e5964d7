"""What the roles of a template allow, and what tools find wrong with that."""

from __future__ import annotations

import json
import warnings
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from tests.evaluator import Stack

# What Lambda itself does with a function's role.
LOGGING = {"logs:CreateLogStream", "logs:PutLogEvents"}
# Parameters by which a role may ask a second model, and apply a guardrail.
MODELS = {
    "GuardrailId": "gr1",
    "FallbackModelIds": "meta.llama5-8b",
    "FallbackModelArns": "arn:aws:bedrock:eu-central-1::foundation-model/meta.llama5-8b",
}
# Kinds of models that this action takes as well. Parliament misses a resource of each in a
# statement; one kind is what a statement needs, so these may be missing and the rest may not.
OTHER_MODELS = {
    "application-inference-profile/*",
    "default-prompt-router/*",
    "imported-model/*",
    "inference-profile/*",
    "marketplace/model-endpoint/all-access",
    "provisioned-model/*",
}


class Call(NamedTuple):
    """What IAM asks for when an operation is called."""

    action: str
    resource: str


class Noted:
    """A ``dynamodb`` client whose operations are noted."""

    def __init__(self, client: Any, actions: set[str]) -> None:
        self._client = client
        self._actions = actions

    def __getattr__(self, name: str) -> Any:
        if name != "exceptions":
            self._actions.add(f"dynamodb:{name.title().replace('_', '')}")
        return getattr(self._client, name)


def statements(stack: Stack, role: str) -> list[dict[str, Any]]:
    return [
        statement
        for policy in stack.properties(role)["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def granted(stack: Stack, role: str) -> set[Call]:
    """Return each action with each resource pattern that a role may use it on, but logging."""
    calls = {
        Call(action, resource)
        for statement in statements(stack, role)
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }
    return {call for call in calls if call.action not in LOGGING}


def allows(grant: Call, call: Call) -> bool:
    return grant.action == call.action and fnmatchcase(call.resource, grant.resource)


def check(stack: Stack, role: str, calls: set[Call]) -> None:
    """Check that a role allows all of these calls, and nothing that is not among them."""
    grants = granted(stack, role)
    assert [call for call in calls if not any(allows(grant, call) for grant in grants)] == []
    assert [grant for grant in grants if not any(allows(grant, call) for call in calls)] == []


def findings(document: dict[str, Any]) -> list[str]:
    # It leaves files open at import, and imports what is deprecated.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import parliament
    findings = parliament.analyze_policy_string(json.dumps(document)).findings
    return [str(found) for found in findings if not _is_explained(found)]


def _is_explained(finding: Any) -> bool:
    return finding.issue == "RESOURCE_MISMATCH" and all(
        missed["action"] == "bedrock:InvokeModelWithResponseStream"
        and missed["required_format"].removeprefix("arn:*:bedrock:*:*:") in OTHER_MODELS
        for missed in finding.detail
    )


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def with_arns(document: Any) -> Any:
    """Return a policy whose resources have ARNs, as AWS gives them."""
    kinds = {
        "TaskTable": "dynamodb:eu-central-1:123456789012:table/tasks",
        "ConversationTable": "dynamodb:eu-central-1:123456789012:table/conversations",
        "Queue": "sqs:eu-central-1:123456789012:queue",
        "Log": "logs:eu-central-1:123456789012:log-group:a:*",
        "": "lambda:eu-central-1:123456789012:function:a",
    }

    def arn(resource: str) -> str:
        if not resource.startswith("<"):
            return resource
        name = resource.strip("<>").removesuffix(".Arn")
        return "arn:aws:" + next(kinds[kind] for kind in kinds if name.endswith(kind))

    changed = [
        {**statement, "Resource": [arn(each) for each in listed(statement["Resource"])]}
        for statement in document["Statement"]
    ]
    return {**document, "Statement": changed}
