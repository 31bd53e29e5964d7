"""Who connects: API Gateway tells a Lambda who signed the request; MiniStack leaves it out.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.router import extract_access_key_id
from ministack.services import apigateway, sts

_caller: ContextVar[dict[str, str]] = ContextVar("caller")


def install() -> None:
    own_authorize = apigateway._authorize_ws_iam
    own_context = apigateway._ws_request_context

    def authorize(scope: Any, arn: str, headers: Any, query: Any, region: str) -> Any:
        access_key = extract_access_key_id(headers, query)
        resolved = iam_evaluator.resolve_credential(access_key)
        caller = {"userArn": getattr(resolved, "principal_arn", "")}
        if identity := sts._sessions.get(access_key, {}).get("_identity_id"):
            caller["cognitoIdentityId"] = identity
        _caller.set(caller)
        return own_authorize(scope, arn, headers, query, region)

    def context(api_id: str, route_key: str, *more: Any) -> dict[str, Any]:
        described: dict[str, Any] = own_context(api_id, route_key, *more)
        if route_key == "$connect":
            described["identity"] |= _caller.get({})
        return described

    apigateway._authorize_ws_iam = authorize
    apigateway._ws_request_context = context
