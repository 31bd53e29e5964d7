"""Services from moto, as ASGI applications, and calls of them from within this process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from io import BytesIO
from typing import Any

from a2wsgi import WSGIMiddleware
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import Client

from websocket_stack.local.aws_json import REGION

# Calls answered at once; each is a thread.
WORKERS = 32


class MotoService:
    """One of moto's services. What it holds lives as long as this process.

    Args:
        name: its name in a credential scope.
        target: the prefix of its ``X-Amz-Target``.
        lock: held while a call is answered, where calls must not meet another's half.
    """

    def __init__(
        self, name: str, target: str, lock: AbstractContextManager[Any] | None = None
    ) -> None:
        self._target = target
        # moto reads account and region from the signature, which it does not check.
        self._authorization = (
            f"AWS4-HMAC-SHA256 Credential=local/20260101/{REGION}/{name}/aws4_request"
        )
        # The packages describe WSGI and ASGI each in types of their own, hence Any.
        wsgi: Any = DomainDispatcherApplication(create_backend_app)
        self._wsgi = wsgi if lock is None else _one_at_a_time(wsgi, lock)
        self.asgi: Any = WSGIMiddleware(self._wsgi, workers=WORKERS)

    def call(
        self, operation: str, request: Mapping[str, Any], ignore: str = ""
    ) -> Mapping[str, Any]:
        """Call an operation and return its response.

        Args:
            operation: its name.
            request: its input.
            ignore: an error that is none here.

        Raises:
            RuntimeError: the service refused it.
        """
        response = Client(self._wsgi).post(
            "/",
            data=json.dumps(request),
            content_type="application/x-amz-json-1.0",
            headers={
                "X-Amz-Target": f"{self._target}.{operation}",
                "Authorization": self._authorization,
            },
        )
        if response.status_code != 200 and not (ignore and ignore.encode() in response.data):
            raise RuntimeError(f"{operation} answered {response.status_code}")
        answer: Mapping[str, Any] = json.loads(response.data or b"{}")
        return answer


def _one_at_a_time(wsgi: Any, lock: AbstractContextManager[Any]) -> Any:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        # A client that is slow to send holds no other up.
        environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read())
        with lock:
            return wsgi(environ, start_response)

    return application
