"""Bedrock Runtime: permissions as AWS checks them, then the project's own local Bedrock replies.

A question with "busy" and a model's id in it finds that model unavailable.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import urllib3
from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import StreamingResponse, get_account_id, get_region
from ministack.core.router import extract_access_key_id

SERVICE = "bedrock-runtime"
INVOKE = "bedrock:InvokeModelWithResponseStream"
_http = urllib3.PoolManager()


def install() -> None:
    own_action = iam_actions.extract_iam_action

    def action(service: str, *request: Any) -> Any:
        # Checked by ``handle``: one request needs several permissions.
        return None if service == SERVICE else own_action(service, *request)

    iam_actions.extract_iam_action = action
    app.SERVICE_HANDLERS[SERVICE] = handle


async def handle(
    method: str, path: str, headers: dict[str, str], body: bytes, query: Any
) -> tuple[int, dict[str, str], Any]:
    access_key = extract_access_key_id(headers, query)
    for needed, resource in _permissions(path, body):
        if iam_evaluator.enforce(access_key, needed, SERVICE, get_region(), resource_arn=resource):
            message = f"not authorized to perform: {needed} on resource: {resource}"
            return _error(403, "AccessDeniedException", message)
    if f"busy {_model(path)}".encode() in body:
        return _error(503, "ServiceUnavailableException", "busy")
    response = await asyncio.to_thread(
        _http.request,
        method,
        os.environ["LOCAL_BEDROCK"] + path,
        body=body,
        headers={"Content-Type": headers.get("content-type", "application/json")},
        preload_content=False,
    )

    async def stream(send: Any, receive: Any) -> None:
        async def close_once_nobody_reads() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            # Its thread waits for the model's next word.
            reading: Any = response
            reading._connection.sock.shutdown(socket.SHUT_RDWR)

        watching = asyncio.create_task(close_once_nobody_reads())
        try:
            while chunk := await asyncio.to_thread(response.read1):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            watching.cancel()

    kept = ("content-type", "x-amzn-errortype", "x-amzn-bedrock-content-type")
    passed_on = {name: value for name, value in response.headers.items() if name.lower() in kept}
    return response.status, passed_on, StreamingResponse(stream)


def _model(path: str) -> str:
    return unquote(path.split("/")[2])


def _permissions(path: str, body: bytes) -> Iterator[tuple[str, str]]:
    """Yield the actions and resources that one request needs.

    https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html
    https://docs.aws.amazon.com/bedrock/latest/userguide/guardrail-profiles-permissions.html
    """
    own = f"arn:aws:bedrock:{get_region()}:{get_account_id()}"
    model = _model(path)
    if model.startswith("arn:"):
        yield INVOKE, model
    elif model.startswith(("global.", "us.", "eu.")):
        yield INVOKE, f"{own}:inference-profile/{model}"
        yield INVOKE, f"arn:aws:bedrock:eu-west-1::foundation-model/{model.partition('.')[2]}"
        if model.startswith("global."):
            yield INVOKE, f"arn:aws:bedrock:::foundation-model/{model.partition('.')[2]}"
    else:
        yield INVOKE, f"arn:aws:bedrock:{get_region()}::foundation-model/{model}"
    if guardrail := json.loads(body or b"{}").get("guardrailConfig"):
        name = guardrail["guardrailIdentifier"]
        yield "bedrock:ApplyGuardrail", f"{own}:guardrail/{name}"
        # Of the Standard tier.
        yield (
            "bedrock:ApplyGuardrail",
            f"arn:aws:bedrock:us-west-2:{get_account_id()}:guardrail-profile/us.guardrail.v1:0",
        )


def _error(status: int, code: str, message: str) -> tuple[int, dict[str, str], bytes]:
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code}
    return status, headers, json.dumps({"message": message}).encode()
