"""The task table, as :mod:`websocket_stack.tasks.run_table` uses it."""

from __future__ import annotations

from tests.websocket_stack.cloudformation.tasks_stack import evaluated


def test_rows_are_found_by_id_and_expire() -> None:
    table = evaluated().properties("TaskTable")
    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert table["AttributeDefinitions"] == [{"AttributeName": "id", "AttributeType": "S"}]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}


def test_it_is_encrypted_and_on_demand() -> None:
    table = evaluated().properties("TaskTable")
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_it_goes_with_the_stack() -> None:
    assert evaluated().resources["TaskTable"]["DeletionPolicy"] == "Delete"
