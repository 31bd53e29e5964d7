"""Rules that a resource does not follow."""

from __future__ import annotations

from troposphere import dynamodb

from websocket_stack.cloudformation.checkov import skip


def test_a_skipped_rule_has_its_reason() -> None:
    table = skip(dynamodb.Table("Table"), CKV_AWS_28="Nothing to keep.")
    assert table.Metadata == {
        "checkov": {"skip": [{"id": "CKV_AWS_28", "comment": "Nothing to keep."}]}
    }
