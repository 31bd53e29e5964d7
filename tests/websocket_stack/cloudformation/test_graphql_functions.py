"""The function of the GraphQL chat: how it is called, and what it may do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.websocket_stack.cloudformation.graphql_stack import API_ARN, AT_ONCE, evaluated
from tests.websocket_stack.cloudformation.tasks_stack import statements


def test_who_waits_for_a_reply_hears_of_its_failure() -> None:
    stack = evaluated()
    assert stack.of_type("AWS::Lambda::Function").keys() == {"Chat"}
    assert "TellOfFailures" not in statements(stack, "ChatRole")


@pytest.mark.parametrize("given", [{"RememberConversations": "false"}, AT_ONCE, {"Revision": "2"}])
def test_changes_publish_a_version(given: dict[str, str]) -> None:
    def version(**given: str) -> Any:
        return evaluated(**given).properties("ChatVersion")["Description"]

    assert version(**given) != version()


def test_it_may_send_to_this_api_and_call_none_of_its_other_fields() -> None:
    (sending,) = [
        each
        for each in statements(evaluated(), "ChatRole").values()
        if "appsync:GraphQL" in each["Action"]
    ]
    assert sending["Resource"] == f"{API_ARN}/types/Mutation/fields/send"


def test_it_may_use_its_tables_alone() -> None:
    stack = evaluated()
    tables = {
        each["Resource"]
        for each in statements(stack, "ChatRole").values()
        if "dynamodb:" in str(each["Action"])
    }
    assert tables == {"<TaskTable.Arn>", "<ConversationTable.Arn>"}
