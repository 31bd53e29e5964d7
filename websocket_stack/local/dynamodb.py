"""DynamoDB, from moto, as an ASGI application; and the session table in it."""

from __future__ import annotations

import json
from typing import Any

from a2wsgi import WSGIMiddleware
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import Client

from websocket_stack.local.aws import REGION

# Calls answered at once; each is a thread.
WORKERS = 32
TARGET_PREFIX = "DynamoDB_20120810"
# moto reads the account and region out of the signature, which it does not check.
AUTHORIZATION = f"AWS4-HMAC-SHA256 Credential=local/20260101/{REGION}/dynamodb/aws4_request"


class DynamoDb:
    """moto's DynamoDB. Its tables live as long as this process."""

    def __init__(self) -> None:
        # The packages describe WSGI and ASGI each in types of their own, hence Any.
        wsgi: Any = DomainDispatcherApplication(create_backend_app)
        self._wsgi = wsgi
        self.asgi: Any = WSGIMiddleware(wsgi, workers=WORKERS)

    def ensure_session_table(self, name: str) -> None:
        """Create the session table unless it is there."""
        definition = {
            "TableName": name,
            "KeySchema": [{"AttributeName": "sessionId", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "sessionId", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
        if name not in self._call("ListTables", {})["TableNames"]:
            self._call("CreateTable", definition)

    def _call(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        response = Client(self._wsgi).post(
            "/",
            data=json.dumps(body),
            content_type="application/x-amz-json-1.0",
            headers={
                "X-Amz-Target": f"{TARGET_PREFIX}.{operation}",
                "Authorization": AUTHORIZATION,
            },
        )
        if response.status_code != 200:
            raise RuntimeError(f"{operation} answered {response.status_code}")
        answer: dict[str, Any] = json.loads(response.data)
        return answer
