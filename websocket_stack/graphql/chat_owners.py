"""Who owns each chat: the identity that used it first."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from websocket_stack.graphql.errors import InvalidPrompt, Unauthorized
from websocket_stack.tasks.conversations import ANONYMOUS
from websocket_stack.tasks.runs import digest_of, number

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_CHAT_ID_CHARACTERS = 128
# A chat that has not been used for so long may become another owner's.
KEPT_SECONDS = 30 * 24 * 60 * 60


class ChatOwners:
    """Claims chats, in the table of the runs.

    Args:
        client: a ``dynamodb`` client.
        name: the table's name.
        now: the wall clock, in epoch seconds.
    """

    def __init__(
        self, client: DynamoDBClient, name: str, now: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._name = name
        self._now = now

    def claim(self, chat_id: str, owner: str) -> bool:
        """Return whether a chat belongs to an owner; a chat without an owner becomes theirs."""
        try:
            self._client.update_item(
                TableName=self._name,
                Key={"id": {"S": f"chat/{digest_of(chat_id)}"}},
                UpdateExpression="SET ownerId = :owner, expiresAt = :expiresAt",
                ConditionExpression="attribute_not_exists(id) OR ownerId = :owner"
                " OR expiresAt < :now",
                ExpressionAttributeValues={
                    ":owner": {"S": owner},
                    ":now": number(self._now()),
                    ":expiresAt": number(self._now() + KEPT_SECONDS),
                },
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def owner(self, chat_id: str, identity: Mapping[str, Any] | None) -> str:
        """Return the owner of a chat, who has to be the caller.

        An API key identifies no caller: the chat's id is all that there is.

        Raises:
            InvalidPrompt: the id cannot be one.
            Unauthorized: the chat is somebody else's.
        """
        if not chat_id or len(chat_id) > MAX_CHAT_ID_CHARACTERS:
            raise InvalidPrompt(f"chatId has 1 to {MAX_CHAT_ID_CHARACTERS} characters")
        owner = owner_of(identity)
        if owner is None:
            return f"{ANONYMOUS}{chat_id}"
        if not self.claim(chat_id, owner):
            raise Unauthorized("this chat is not yours")
        return owner


def owner_of(identity: Mapping[str, Any] | None) -> str | None:
    """Return who calls, as AppSync says, or ``None`` with an API key.

    https://docs.aws.amazon.com/appsync/latest/devguide/resolver-context-reference-js.html
    """
    if not identity:
        return None
    for name in ("sub", "cognitoIdentityId", "userArn"):
        if isinstance(owner := identity.get(name), str) and owner:
            return f"{identity.get('issuer', '')}/{owner}"
    raise PermissionError
