"""The API's resolvers, run in Node as AppSync runs them, and held against what its runtime lacks.

https://docs.aws.amazon.com/appsync/latest/devguide/resolver-reference-overview-js.html
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.npm import link_packages
from tests.websocket_stack.cloudformation.graphql_stack import AT_ONCE, IAM, evaluated
from websocket_stack.cloudformation import appsync_js

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent / "appsync_js"
SOURCES = Path(appsync_js.__file__).parent
SENT = {"chatId": "c", "data": "It is ", "seq": 0, "kind": "delta", "messageId": "m"}
ROLE_ARN = "arn:aws:sts::123456789012:assumed-role/chat-ChatRole-1A2B/chat-Chat-3C4D"

Call = Callable[[str, str, dict[str, Any]], dict[str, Any]]


@pytest.fixture
def call(tmp_path: Path) -> Call:
    """Return a function that runs a resolver's code: its request, or its response."""
    if shutil.which("node") is None:
        pytest.skip("Node.js is not installed")
    shutil.copytree(HERE / "utils", tmp_path / "node_modules/@aws-appsync/utils")

    def run(code: str, function: str, context: dict[str, Any]) -> dict[str, Any]:
        file = tmp_path / "resolver.mjs"
        file.write_text(code, "utf-8")
        command: list[str | Path] = ["node", HERE / "run.mjs", file, function, json.dumps(context)]
        output = subprocess.run(command, capture_output=True, check=True).stdout
        told: dict[str, Any] = json.loads(output)
        return told

    return run


def code_of(title: str, **given: str) -> str:
    code: str = evaluated(**given).properties(title)["Code"]
    return code


def test_subscribers_get_what_is_sent(call: Call) -> None:
    code = code_of("SendResolver")
    assert call(code, "request", {"args": SENT, "identity": None}) == {"value": {"payload": SENT}}
    assert call(code, "response", {"result": SENT}) == {"value": SENT}


@pytest.mark.parametrize(
    ("caller", "is_taken"),
    [
        (ROLE_ARN, True),
        ("arn:aws:sts::123456789012:assumed-role/visitors/me", False),
        ("arn:aws:iam::123456789012:user/chat-ChatRole-1A2B", False),
        ("arn:aws:sts::123456789012:assumed-role/chat-ChatRole-1A2B-2/me", False),
    ],
)
def test_where_clients_sign_as_well_the_function_alone_sends(
    call: Call, caller: str, is_taken: bool
) -> None:
    context = {"args": SENT, "identity": {"userArn": caller}}
    answer = call(code_of("SendResolver", **IAM), "request", context)
    assert answer.get("error", {}).get("type") == (None if is_taken else "Unauthorized")
    assert ("value" in answer) is is_taken


def test_an_ask_at_once_takes_along_no_header(call: Call) -> None:
    """Of the request; an event that fails is kept with all that it has."""
    asked = {"chatId": "c", "prompt": "Where?"}
    context = {
        "args": asked,
        "identity": {"sub": "me"},
        "request": {"headers": {"x-api-key": "da2-secret"}},
        "info": {"variables": asked},
    }
    code = code_of("AskResolver", **AT_ONCE)
    call_of_lambda = call(code, "request", context)["value"]
    assert (call_of_lambda["operation"], call_of_lambda["invocationType"]) == ("Invoke", "Event")
    payload = call_of_lambda["payload"]
    assert (payload["arguments"], payload["identity"]) == (asked, {"sub": "me"})
    assert (payload["info"]["parentTypeName"], payload["info"]["fieldName"]) == ("Mutation", "ask")
    assert payload["stash"] == {"atOnce": True}
    assert "da2-secret" not in json.dumps(payload)


def test_an_ask_at_once_returns_null_or_says_why_it_was_not_taken(call: Call) -> None:
    code = code_of("AskResolver", **AT_ONCE)
    assert call(code, "response", {"result": {"any": "thing"}}) == {"value": None}
    failed = {"error": {"type": "Lambda:Throttled", "message": "Rate exceeded"}}
    assert call(code, "response", failed) == failed


# --- what the runtime lacks


@pytest.mark.ci
def test_the_runtime_can_do_all_that_they_do(tmp_path: Path) -> None:
    """By AWS's own rules."""
    for path in (*HERE.glob("*.json"), HERE / "eslint.config.mjs", *SOURCES.glob("*.js")):
        shutil.copy(path, tmp_path)
    link_packages(tmp_path)
    code = "export function request() { try { } catch { } }"
    (tmp_path / "forbidden.js").write_text(code, "utf-8")

    command = ["node_modules/.bin/eslint", "--format", "json", "*.js"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    found = {
        Path(file["filePath"]).name: {each["ruleId"] for each in file["messages"]}
        for file in json.loads(ran.stdout)
    }
    assert "@aws-appsync/no-try" in found.pop("forbidden.js")
    assert found == {path.name: set() for path in SOURCES.glob("*.js")}
