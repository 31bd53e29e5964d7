"""Who calls the API: with its key, signed with IAM, or with a token of an issuer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import anyio.to_thread
from starlette.requests import Request

from websocket_stack.local.api_gateway.signatures import Key, SignatureCheck
from websocket_stack.local.appsync.service import Mode
from websocket_stack.tasks.sign_in import InvalidToken, Verifier

# Of the stack's own functions, as AppSync tells of a role.
FUNCTIONS_ARN = "arn:aws:sts::000000000000:assumed-role/local/functions"


class NotAuthorized(Exception):
    """The request has no credentials, or wrong ones."""

    kind = "UnauthorizedException"


class Caller(NamedTuple):
    """Who calls.

    Attributes:
        mode: how the request is authorized.
        identity: who calls, as resolvers are told; nobody, with an API key.
    """

    mode: Mode
    identity: Mapping[str, Any] | None = None


class Callers:
    """Tells who calls an API.

    Args:
        sign_in: how its clients sign in; the stack's own functions always sign with IAM.
        api_key: its key, where they sign in with that.
        signatures: checks signatures.
        verifier: verifies tokens, where they sign in with those.
    """

    def __init__(
        self,
        sign_in: Mode = "api_key",
        *,
        api_key: str = "",
        signatures: SignatureCheck | None = None,
        verifier: Verifier | None = None,
    ) -> None:
        self._sign_in: Mode = sign_in
        self._api_key = api_key
        self._signatures = signatures
        self._verifier = verifier

    async def caller(self, header: Mapping[str, Any], path: str, body: bytes) -> Caller:
        """Return who sends a request.

        Args:
            header: its header, or what stands for that in the real-time protocol.
            path: what is signed as its path.
            body: what is signed as its body.

        Raises:
            NotAuthorized: it is not authorized.
            ServiceError: its signature is wrong.
        """
        lower = {name.lower(): str(value) for name, value in header.items()}
        if self._sign_in == "api_key" and "x-api-key" in lower:
            if lower["x-api-key"] == self._api_key:
                return Caller("api_key")
            raise NotAuthorized("You are not authorized to make this call.")
        authorization = lower.get("authorization", "")
        if authorization.startswith("AWS4-HMAC-SHA256 "):
            return self._signer(lower, path, body)
        if authorization and self._verifier is not None:
            return await self._bearer(self._verifier, authorization.removeprefix("Bearer "))
        raise NotAuthorized("Valid authorization header not provided.")

    def _signer(self, header: Mapping[str, str], path: str, body: bytes) -> Caller:
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in header.items()],
        }
        key = self._signatures.check(Request(scope), body, "POST") if self._signatures else None
        # A guest's role lets it call what is there for clients that sign.
        if key is None or not (key.manages or self._sign_in == "iam"):
            raise NotAuthorized("Permission denied")
        return Caller("iam", _identity_of(key))

    async def _bearer(self, verifier: Verifier, token: str) -> Caller:
        try:
            # It may fetch keys.
            found = await anyio.to_thread.run_sync(verifier.verify, token)
        except InvalidToken as error:
            expired = str(error) == "ExpiredSignatureError"
            message = "Token has expired." if expired else "Unauthorized"
            raise NotAuthorized(message) from None
        issuer, _, subject = found.owner.rpartition("/")
        claims = {"iss": issuer, "sub": subject}
        return Caller(self._sign_in, {"sub": subject, "issuer": issuer, "claims": claims})


def _identity_of(key: Key) -> Mapping[str, Any]:
    return {"userArn": FUNCTIONS_ARN} if key.manages else dict(key.identity)
