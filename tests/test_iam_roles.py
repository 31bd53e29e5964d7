"""What holds for each role of the stacks without Lex: socket tasks, and the GraphQL chat."""

from __future__ import annotations

import pytest

from tests import test_iam_graphql, test_iam_tasks
from tests.evaluator import Stack
from tests.policies import LOGGING, Call, allows, findings, granted, listed, statements, with_arns

TASKS, CHAT = test_iam_tasks.STACK, test_iam_graphql.STACK
OF_FUNCTIONS = [
    *((TASKS, role) for role in test_iam_tasks.ROLES),
    *((CHAT, role) for role in test_iam_graphql.OF_FUNCTIONS),
]
ROLES = [*OF_FUNCTIONS, *((CHAT, role) for role in test_iam_graphql.OF_THE_API)]


@pytest.mark.parametrize("stack", [TASKS, CHAT], ids=["tasks", "chat"])
def test_these_are_all_roles(stack: Stack) -> None:
    roles = {role for each, role in ROLES if each is stack}
    assert stack.of_type("AWS::IAM::Role").keys() == roles
    for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"):
        assert stack.of_type(kind) == {}


@pytest.mark.parametrize(("stack", "role"), OF_FUNCTIONS)
def test_a_role_is_for_one_function_and_what_that_needs(stack: Stack, role: str) -> None:
    (trusted,) = stack.properties(role)["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert "ManagedPolicyArns" not in stack.properties(role)
    for statement in statements(stack, role):
        actions = listed(statement["Action"])
        assert not any("*" in action for action in actions)
        assert statement["Effect"] == "Allow"
        assert not {"NotAction", "NotResource"} & statement.keys()
        if LOGGING & set(actions):
            assert statement["Resource"] == f"<{role.removesuffix('Role')}Log.Arn>"


@pytest.mark.parametrize("action", ["Scan", "Query", "DeleteTable"])
def test_runs_cannot_be_searched(action: str) -> None:
    call = Call(f"dynamodb:{action}", "<TaskTable.Arn>")
    grants = [grant for stack, role in OF_FUNCTIONS for grant in granted(stack, role)]
    assert not any(allows(grant, call) for grant in grants)


@pytest.mark.parametrize(("stack", "role"), ROLES)
def test_parliament_finds_nothing(stack: Stack, role: str) -> None:
    for policy in stack.properties(role)["Policies"]:
        assert findings(with_arns(policy["PolicyDocument"])) == []
