"""The task table: runs, who owns them, and who is on which connection."""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Template, dynamodb

from websocket_stack.cloudformation.checkov import NO_CUSTOMER_KEY, skip
from websocket_stack.cloudformation.lambda_functions import allow, encryption

TABLE = "TaskTable"


def add(template: Template) -> None:
    """Add the table; CloudFormation names it, so that it can be replaced."""
    template.add_resource(
        skip(
            dynamodb.Table(
                TABLE,
                AttributeDefinitions=[
                    dynamodb.AttributeDefinition(AttributeName="id", AttributeType="S")
                ],
                KeySchema=[dynamodb.KeySchema(AttributeName="id", KeyType="HASH")],
                BillingMode="PAY_PER_REQUEST",
                SSESpecification=encryption(),
                TimeToLiveSpecification=dynamodb.TimeToLiveSpecification(
                    AttributeName="expiresAt", Enabled=True
                ),
                # What a client may still ask for is not to outlive the API.
                DeletionPolicy="Delete",
                UpdateReplacePolicy="Delete",
            ),
            CKV_AWS_28="Rows live for minutes; a connection's for two hours.",
            CKV_AWS_119=NO_CUSTOMER_KEY,
        )
    )


def statement(*operations: str) -> dict[str, Any]:
    """Return the policy statement for a function that uses the table so."""
    return allow("UseTheTable", [f"dynamodb:{each}" for each in operations], GetAtt(TABLE, "Arn"))
