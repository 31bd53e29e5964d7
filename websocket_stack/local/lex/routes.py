"""Lex Runtime V2 over HTTP, as boto3's ``lexv2-runtime`` client and a browser speak it."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zlib
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from websocket_stack.local.aws_json import json_body, json_response
from websocket_stack.local.lex.requests import invalid
from websocket_stack.local.lex.service import LexRuntime
from websocket_stack.local.lex.sessions import SessionKey

SESSION_PATH = "/bots/{bot_id}/botAliases/{alias_id}/botLocales/{locale_id}/sessions/{session_id}"
TEXT = "text/plain; charset=utf-8"
# What RecognizeUtterance answers in headers where RecognizeText has a body.
# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_RecognizeUtterance.html
UTTERANCE_HEADERS = {
    "messages": "x-amz-lex-messages",
    "interpretations": "x-amz-lex-interpretations",
    "sessionState": "x-amz-lex-session-state",
    "requestAttributes": "x-amz-lex-request-attributes",
}
MAX_HEADER_BYTES = 1024 * 1024


def routes(lex: LexRuntime) -> list[Route]:
    """Return the service's routes."""

    async def recognize_text(request: Request) -> Response:
        return json_response(await lex.recognize_text(_key(request), await json_body(request)))

    async def recognize_utterance(request: Request) -> Response:
        key = _key(request)
        response = await lex.recognize_text(key, await _utterance(request))
        headers = {
            "Content-Type": request.headers.get("Response-Content-Type", TEXT),
            "x-amz-lex-input-mode": "Text",
            "x-amz-lex-session-id": key.session_id,
            "x-amz-lex-input-transcript": _packed((await request.body()).decode()),
        }
        for name, header in UTTERANCE_HEADERS.items():
            headers[header] = _packed(response[name])
        # The body would be speech; the text is in the headers.
        return Response(b"", headers=headers)

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
        Route(f"{SESSION_PATH}/utterance", recognize_utterance, methods=["POST"]),
        Route(SESSION_PATH, put_session, methods=["POST"]),
        Route(SESSION_PATH, get_session, methods=["GET"]),
        Route(SESSION_PATH, delete_session, methods=["DELETE"]),
    ]


def _key(request: Request) -> SessionKey:
    return SessionKey(**request.path_params)


async def _utterance(request: Request) -> dict[str, Any]:
    """Return the RecognizeText request that a RecognizeUtterance request amounts to.

    Raises:
        ServiceError: ``ValidationException``, it is audio, or not what its headers say.
    """
    if not request.headers.get("content-type", "").startswith("text/plain"):
        raise invalid(
            "This Lex runs on your machine and understands no speech: requestContentType takes"
            f" '{TEXT}' here"
        )
    try:
        text = (await request.body()).decode()
    except UnicodeDecodeError:
        raise invalid("inputStream is not UTF-8") from None
    return {
        "text": text,
        "sessionState": _unpacked(request, "x-amz-lex-session-state"),
        "requestAttributes": _unpacked(request, "x-amz-lex-request-attributes"),
    }


def _packed(value: Any) -> str:
    """Return a value as Lex puts it into a header: JSON, compressed, in base64."""
    return base64.b64encode(gzip.compress(json.dumps(value).encode())).decode()


def _unpacked(request: Request, header: str) -> Any:
    """Return the value of such a header, or nothing if it is absent."""
    packed = request.headers.get(header)
    if not packed:
        return None
    try:
        # Cut off, so that a small header cannot fill the memory.
        stream = gzip.GzipFile(fileobj=io.BytesIO(base64.b64decode(packed, validate=True)))
        return json.loads(stream.read(MAX_HEADER_BYTES))
    except (ValueError, OSError, EOFError, zlib.error, RecursionError):
        raise invalid(f"{header} is not JSON, compressed with gzip, in base64") from None
