"""What a service's model refuses, in AWS's words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.model import StructureShape
from botocore.session import Session

from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.bedrock.validation import validate

SECRET = "a secret"


def converse(**members: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"text": "hello"}]}], **members}


def refusal(operation: str, members: Any, service: str = "bedrock-runtime") -> tuple[str, str]:
    with pytest.raises(ServiceError) as refused:
        validate(service, operation, members)
    assert refused.value.status == 400
    assert SECRET not in refused.value.message
    return refused.value.code, refused.value.message


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (
            {"inferenceConfig": {"maxTokens": 0}},
            "'inferenceConfig.maxTokens' failed to satisfy constraint: Member must have value"
            " greater than or equal to 1",
        ),
        (
            {"inferenceConfig": {"topP": 1.5}},
            "'inferenceConfig.topP' failed to satisfy constraint: Member must have value less than"
            " or equal to 1",
        ),
        (
            {"toolConfig": {"tools": []}},
            "'toolConfig.tools' failed to satisfy constraint: Member must have length greater than"
            " or equal to 1",
        ),
        (
            {"toolConfig": {"tools": [{"toolSpec": {"name": SECRET, "inputSchema": {}}}]}},
            "'toolConfig.tools.1.member.toolSpec.name' failed to satisfy constraint: Member must"
            " satisfy regular expression pattern: [a-zA-Z0-9_-]+",
        ),
        (
            {"toolConfig": {"tools": [{"toolSpec": {"name": "x" * 65, "inputSchema": {}}}]}},
            "'toolConfig.tools.1.member.toolSpec.name' failed to satisfy constraint: Member must"
            " have length less than or equal to 64",
        ),
        (
            {"toolConfig": {"tools": [{"toolSpec": {"name": "find"}}]}},
            "'toolConfig.tools.1.member.toolSpec.inputSchema' failed to satisfy constraint: Member"
            " must not be null",
        ),
        (
            {"messages": [{"role": SECRET, "content": []}]},
            "'messages.1.member.role' failed to satisfy constraint: Member must satisfy enum value"
            " set: [user, assistant",
        ),
        (
            {"messages": [{"role": "user"}]},
            "'messages.1.member.content' failed to satisfy constraint: Member must not be null",
        ),
    ],
)
def test_a_violation_is_named_with_its_place(members: dict[str, Any], words: str) -> None:
    code, message = refusal("ConverseStream", converse(**members))

    assert code == "ValidationException"
    assert message.startswith(f"1 validation error detected: Value at {words}")


def test_all_violations_are_named_at_once() -> None:
    code, message = refusal(
        "ConverseStream", converse(inferenceConfig={"maxTokens": 0, "temperature": -1})
    )

    assert message.startswith("2 validation errors detected: Value at 'inferenceConfig.maxTokens'")
    assert "; Value at 'inferenceConfig.temperature'" in message


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"messages": "hello"}, "Expected list or null"),
        ({"messages": ["hello"]}, "Expected null"),
        ({"messages": {}}, "Start of structure or map found where not expected."),
        ({"inferenceConfig": [7]}, "Start of list found where not expected."),
        (
            {"inferenceConfig": {"maxTokens": SECRET}},
            "STRING_VALUE can not be converted to an Integer",
        ),
        (
            {"inferenceConfig": {"maxTokens": True}},
            "TRUE_VALUE can not be converted to an Integer",
        ),
        ({"inferenceConfig": {"maxTokens": 1.5}}, "NUMBER_VALUE can not be converted"),
        ({"system": [{"text": 5}]}, "NUMBER_VALUE can not be converted to a String"),
    ],
)
def test_a_value_of_another_type_cannot_be_read(members: dict[str, Any], message: str) -> None:
    code, text = refusal("ConverseStream", converse(**members))

    assert code == "SerializationException"
    assert text.startswith(message)


def test_null_is_as_good_as_absent() -> None:
    validate("bedrock-runtime", "ConverseStream", converse(system=None, inferenceConfig=None))


def test_unknown_members_are_ignored() -> None:
    validate("bedrock-runtime", "ConverseStream", converse(soon={"a": [1]}))


def test_a_document_may_hold_anything() -> None:
    fields: dict[str, Any] = {"thinking": {"type": "disabled"}, "list": [None, 1.5, {}]}
    validate("bedrock-runtime", "ConverseStream", converse(additionalModelRequestFields=fields))


def test_members_of_the_path_may_be_absent() -> None:
    body = {"inputText": "hello"}
    validate("bedrock-agent-runtime", "InvokeAgent", body)
    code, message = refusal(
        "InvokeAgent", {**body, "agentId": "not-an-id"}, "bedrock-agent-runtime"
    )

    assert "Value at 'agentId'" in message


def test_nesting_may_be_deep() -> None:
    deep: Any = {"equals": {"key": "a", "value": 1}}
    for _ in range(2000):
        deep = {"andAll": [deep, deep]} if "equals" in deep else {"andAll": [deep]}
    code, message = refusal(
        "RetrieveAndGenerateStream",
        {
            "input": {"text": "hello"},
            "retrieveAndGenerateConfiguration": {
                "type": "KNOWLEDGE_BASE",
                "knowledgeBaseConfiguration": {
                    "knowledgeBaseId": "KB",
                    "modelArn": "model",
                    "retrievalConfiguration": {"vectorSearchConfiguration": {"filter": deep}},
                },
            },
        },
        "bedrock-agent-runtime",
    )

    assert message.startswith("1999 validation errors detected")


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("bedrock-runtime", "ConverseStream"),
        ("bedrock-agent-runtime", "RetrieveAndGenerateStream"),
        ("bedrock-agent-runtime", "InvokeAgent"),
    ],
)
def test_every_pattern_is_one_of_pythons_too(service: str, operation: str) -> None:
    todo: list[Any] = [Session().get_service_model(service).operation_model(operation).input_shape]
    seen: set[str] = set()
    patterns: list[str] = []
    while todo:
        shape = todo.pop()
        if shape.name in seen:
            continue
        seen.add(shape.name)
        patterns += filter(None, [shape.metadata.get("pattern")])
        if isinstance(shape, StructureShape):
            todo += shape.members.values()
        todo += filter(None, [getattr(shape, "member", None), getattr(shape, "value", None)])

    assert patterns
    assert all(re.compile(pattern) for pattern in patterns)
