"""Lex Runtime V2 over HTTP, as boto3's ``lexv2-runtime`` client and a browser speak it."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from websocket_stack.local.aws import json_body, json_response
from websocket_stack.local.lex_runtime import LexRuntime, SessionKey

SESSION_PATH = "/bots/{bot_id}/botAliases/{alias_id}/botLocales/{locale_id}/sessions/{session_id}"


def routes(lex: LexRuntime) -> list[Route]:
    """Return the service's routes."""

    async def recognize_text(request: Request) -> Response:
        return json_response(await lex.recognize_text(_key(request), await json_body(request)))

    async def put_session(request: Request) -> Response:
        key = _key(request)
        session = lex.put_session(key, await json_body(request))
        return Response(
            b"",
            headers={
                "Content-Type": request.headers.get("ResponseContentType", "audio/mpeg"),
                "x-amz-lex-session-id": key.session_id,
                "x-amz-lex-session-state": _packed(session.state()),
                "x-amz-lex-messages": _packed(session.messages),
            },
        )

    async def get_session(request: Request) -> Response:
        return json_response(lex.get_session(_key(request)))

    async def delete_session(request: Request) -> Response:
        return json_response(lex.delete_session(_key(request)))

    return [
        Route(f"{SESSION_PATH}/text", recognize_text, methods=["POST"]),
        Route(SESSION_PATH, put_session, methods=["POST"]),
        Route(SESSION_PATH, get_session, methods=["GET"]),
        Route(SESSION_PATH, delete_session, methods=["DELETE"]),
    ]


def _key(request: Request) -> SessionKey:
    return SessionKey(**request.path_params)


def _packed(value: Any) -> str:
    """Return a value as Lex puts it into a header: JSON, compressed, in base64."""
    return base64.b64encode(gzip.compress(json.dumps(value).encode())).decode()
