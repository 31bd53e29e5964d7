"""The conversation table: what the fulfillment Lambda remembers of earlier turns."""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, If, NoValue, Parameter, Ref, Template, dynamodb

from websocket_stack.cloudformation.checkov import NO_CUSTOMER_KEY, skip
from websocket_stack.cloudformation.lambda_functions import encryption
from websocket_stack.cloudformation.parameters import is_true, number, switch

REMEMBERS = "Remembers"
TABLE = "ConversationTable"
DAY_SECONDS = 24 * 60 * 60


def parameters() -> list[Parameter]:
    """Return the parameters that turn memory on and set how long it lasts."""
    return [
        switch(
            "RememberConversations",
            "Give the model the earlier turns too. A stack update switches it; false forgets all.",
            default=True,
        ),
        number(
            "MemorySeconds",
            "How long a conversation is kept after its last turn.",
            DAY_SECONDS,
            60,
            365 * DAY_SECONDS,
        ),
    ]


def add(template: Template) -> None:
    """Add the table; CloudFormation names it, so that it can be replaced."""
    template.add_condition(REMEMBERS, is_true("RememberConversations"))
    template.add_resource(
        skip(
            dynamodb.Table(
                TABLE,
                Condition=REMEMBERS,
                AttributeDefinitions=[
                    dynamodb.AttributeDefinition(AttributeName="conversationId", AttributeType="S")
                ],
                KeySchema=[dynamodb.KeySchema(AttributeName="conversationId", KeyType="HASH")],
                BillingMode="PAY_PER_REQUEST",
                SSESpecification=encryption(),
                TimeToLiveSpecification=dynamodb.TimeToLiveSpecification(
                    AttributeName="ttl", Enabled=True
                ),
                # Conversations must not outlive the bot.
                DeletionPolicy="Delete",
                UpdateReplacePolicy="Delete",
            ),
            CKV_AWS_28="Conversations are to be forgotten, and a backup would remember them.",
            CKV_AWS_119=NO_CUSTOMER_KEY,
        )
    )


def variables() -> dict[str, Any]:
    """Return the environment variables of the fulfillment Lambda."""
    return {
        "CONVERSATION_TABLE": If(REMEMBERS, Ref(TABLE), ""),
        "MEMORY_SECONDS": Ref("MemorySeconds"),
    }


def statement() -> Any:
    """Return the policy statement for the fulfillment Lambda's role."""
    return If(
        REMEMBERS,
        {
            "Sid": "RememberConversations",
            "Effect": "Allow",
            "Action": ["dynamodb:GetItem", "dynamodb:PutItem"],
            "Resource": GetAtt(TABLE, "Arn"),
        },
        NoValue,
    )
