"""DynamoDB, from moto, and the tables of this stack in it."""

from __future__ import annotations

import threading

from websocket_stack.local.moto_services import MotoService

TARGET = "DynamoDB_20120810"
# moto makes a row before it looks at the condition of the write and fills the row. All stacks of a
# process have the same tables.
_lock = threading.Lock()


class DynamoDb(MotoService):
    """moto's DynamoDB. Its tables live as long as this process."""

    def __init__(self) -> None:
        super().__init__("dynamodb", TARGET, _lock)

    def ensure_table(self, name: str, key: str) -> None:
        """Create a table unless it exists.

        Args:
            name: the table's name.
            key: the name of its partition key, a string.
        """
        definition = {
            "TableName": name,
            "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
        # Another stack of this process may have it already.
        self.call("CreateTable", definition, ignore="ResourceInUseException")
