"""Who may connect to the WebSocket API, and who may call its management API."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from starlette.requests import HTTPConnection, Request

from websocket_stack.local.api_gateway.signatures import (
    Key,
    SignatureCheck,
    invalid_token,
    is_signed,
    not_authorized,
)
from websocket_stack.local.cognito.service import CognitoIdentity, caller

Auth: TypeAlias = Literal["none", "iam"]


class Authorization:
    """What IAM authorization lets in.

    With "none" an unsigned caller is let in, and so is one with a key of another place: a page
    that is configured for AWS. A wrong signature with a key of this stack is refused all the same.

    Args:
        signatures: checks signatures.
        auth: "iam" if callers must sign.
    """

    def __init__(self, signatures: SignatureCheck, auth: Auth) -> None:
        self._signatures = signatures
        self._required = auth == "iam"

    def connecting_identity(self, upgrade: HTTPConnection) -> Mapping[str, str]:
        """Return the caller who asks to connect, as ``requestContext.identity`` describes it.

        Raises:
            ServiceError: 403, as authorization AWS_IAM refuses.
        """
        if not self._required and not is_signed(upgrade):
            return {}
        key = self._signatures.check(upgrade)
        if key is None and self._required:
            raise invalid_token()
        return key.identity if key else {}

    async def check_management(self, request: Request) -> None:
        """Check the signature of a call of the management API, if there must be one.

        Raises:
            ServiceError: 403, there is none, or it is wrong, or its caller may not do this.
        """
        if not self._required:
            return
        key = self._signatures.check(request, await request.body(), request.method)
        if key is None:
            raise invalid_token()
        if not key.manages:
            raise not_authorized()


def signature_check(
    cognito: CognitoIdentity,
    functions: Mapping[str, str],
    now: Callable[[], float] = time.time,
    *,
    service: str = "execute-api",
) -> SignatureCheck:
    """Return the check of what guests and Lambda functions sign.

    Args:
        cognito: issues the guests' keys.
        functions: the functions' secret access keys, by access key id.
        now: the wall clock, in epoch seconds.
        service: for which service they sign.
    """

    def find(access_key_id: str) -> Key | None:
        if secret := functions.get(access_key_id):
            return Key(secret, manages=True)
        issued = cognito.credentials(access_key_id)
        if issued is None:
            return None
        return Key(
            issued.secret_access_key, issued.session_token, issued.expires_at, caller(issued)
        )

    return SignatureCheck(find, service, now=now)
