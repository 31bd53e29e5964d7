"""DynamoDB, from moto, as an ASGI application; and the tables of this stack in it."""

from __future__ import annotations

import json
from typing import Any

from a2wsgi import WSGIMiddleware
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import Client

from websocket_stack.local.aws_json import REGION

# Calls answered at once; each is a thread.
WORKERS = 32
TARGET = "DynamoDB_20120810"
# moto reads account and region from the signature, which it does not check.
AUTHORIZATION = f"AWS4-HMAC-SHA256 Credential=local/20260101/{REGION}/dynamodb/aws4_request"


class DynamoDb:
    """moto's DynamoDB. Its tables live as long as this process."""

    def __init__(self) -> None:
        # The packages describe WSGI and ASGI each in types of their own, hence Any.
        wsgi: Any = DomainDispatcherApplication(create_backend_app)
        self._wsgi = wsgi
        self.asgi: Any = WSGIMiddleware(wsgi, workers=WORKERS)

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
        response = Client(self._wsgi).post(
            "/",
            data=json.dumps(definition),
            content_type="application/x-amz-json-1.0",
            headers={"X-Amz-Target": f"{TARGET}.CreateTable", "Authorization": AUTHORIZATION},
        )
        # Another stack of this process may have it already.
        if response.status_code != 200 and b"ResourceInUseException" not in response.data:
            raise RuntimeError(f"CreateTable answered {response.status_code}")
