"""How a request to the API is authorized."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from websocket_stack.local.appsync.service import Mode


class NotAuthorized(Exception):
    """The request has no credentials, or wrong ones."""

    kind = "UnauthorizedException"


def mode_of(header: Mapping[str, Any], api_key: str) -> Mode:
    """Return the way in which a request is authorized.

    Args:
        header: its header, or what stands for that in the real-time protocol; names are lower-case.
        api_key: the API's key.

    Raises:
        NotAuthorized: it is not.
    """
    lower = {name.lower(): value for name, value in header.items()}
    if "x-api-key" in lower:
        if lower["x-api-key"] == api_key:
            return "api_key"
        raise NotAuthorized("You are not authorized to make this call.")
    if str(lower.get("authorization", "")).startswith("AWS4-HMAC-SHA256 "):
        return "iam"
    raise NotAuthorized("Valid authorization header not provided.")
