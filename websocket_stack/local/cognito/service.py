"""Cognito identity pools: guests, and the credentials that they sign with. Knows no HTTP.

https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from websocket_stack.local.aws_json import ACCOUNT_ID, REGION, ServiceError

# Of pools and of identities.
# https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html
ID = re.compile(r"[\w-]+:[0-9a-f-]+", re.ASCII)
# Any other is taken too: a page keeps the configuration that it has for AWS.
LOCAL_POOL_ID = f"{REGION}:00000000-0000-0000-0000-000000000000"
# https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html
CREDENTIALS_SECONDS = 60 * 60
# https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetOpenIdToken.html
TOKEN_SECONDS = 10 * 60
ROLE = "lex-web-ui-guest"
ROLE_ID = "AROALOCALGUEST000000"


class Credentials(NamedTuple):
    """The credentials issued to an identity; ``expires_at`` is in epoch seconds."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_at: float
    identity_id: str
    pool_id: str
    is_guest: bool = True


class CognitoIdentity:
    """The identities of all pools.

    Every caller is a guest: a login is neither needed nor checked. An identity that is not known
    here is taken for one of an earlier run, since a browser keeps its own.

    Args:
        now: the wall clock, in epoch seconds.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._pools: dict[str, str] = {}
        self._issued: dict[str, Credentials] = {}

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one call of the API.

        Args:
            operation: the operation's name, such as ``GetId``.
            request: its members.

        Raises:
            ServiceError: 400, there is no such operation, or the request is invalid.
        """
        operations: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "GetId": self._get_id,
            "GetCredentialsForIdentity": self._get_credentials,
            "GetOpenIdToken": self._get_open_id_token,
        }
        if operation not in operations:
            raise ServiceError(400, "UnknownOperationException")
        return operations[operation](request)

    def credentials(self, access_key_id: str) -> Credentials | None:
        """Return the credentials that were issued under an access key id."""
        return self._issued.get(access_key_id)

    def _get_id(self, request: Mapping[str, Any]) -> dict[str, Any]:
        pool_id = _checked(request, "IdentityPoolId")
        logins = _logins(request)
        # A login leads to the same identity each time; a guest is a new one.
        name = json.dumps([pool_id, sorted((at, _subject(token)) for at, token in logins.items())])
        chosen = uuid.uuid5(uuid.NAMESPACE_URL, name) if logins else uuid.uuid4()
        identity_id = f"{REGION}:{chosen}"
        self._pools[identity_id] = pool_id
        return {"IdentityId": identity_id}

    def _get_credentials(self, request: Mapping[str, Any]) -> dict[str, Any]:
        identity_id = _checked(request, "IdentityId")
        issued = Credentials(
            access_key_id="ASIA" + base64.b32encode(secrets.token_bytes(10)).decode(),
            secret_access_key=secrets.token_urlsafe(30),
            session_token=secrets.token_urlsafe(600),
            expires_at=self._now() + CREDENTIALS_SECONDS,
            identity_id=identity_id,
            pool_id=self._pools.get(identity_id, LOCAL_POOL_ID),
            is_guest=not _logins(request),
        )
        self._forget_expired()
        self._issued[issued.access_key_id] = issued
        return {
            "IdentityId": identity_id,
            "Credentials": {
                "AccessKeyId": issued.access_key_id,
                "SecretKey": issued.secret_access_key,
                "SessionToken": issued.session_token,
                "Expiration": issued.expires_at,
            },
        }

    def _get_open_id_token(self, request: Mapping[str, Any]) -> dict[str, Any]:
        identity_id = _checked(request, "IdentityId")
        now = int(self._now())
        claims = {
            "sub": identity_id,
            "aud": self._pools.get(identity_id, LOCAL_POOL_ID),
            "amr": ["unauthenticated"],
            "iss": "https://cognito-identity.amazonaws.com",
            "iat": now,
            "exp": now + TOKEN_SECONDS,
        }
        # Nothing here takes it in exchange, so nothing would check a real signature.
        parts = (_base64url(json.dumps(part).encode()) for part in ({"alg": "RS512"}, claims))
        token = ".".join((*parts, secrets.token_urlsafe(256)))
        return {"IdentityId": identity_id, "Token": token}

    def _forget_expired(self) -> None:
        # Kept for a while, so that an expired signature is told from an unknown one.
        earliest = self._now() - CREDENTIALS_SECONDS
        for key in [key for key, each in self._issued.items() if each.expires_at < earliest]:
            del self._issued[key]


def caller(issued: Credentials) -> dict[str, str]:
    """Return the ``requestContext.identity`` of a call that a guest signed.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
    """
    assumed = f"{ROLE_ID}:CognitoIdentityCredentials"
    return {
        "accountId": ACCOUNT_ID,
        "accessKey": issued.access_key_id,
        "caller": assumed,
        "user": assumed,
        "userArn": f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{ROLE}/CognitoIdentityCredentials",
        "cognitoIdentityId": issued.identity_id,
        "cognitoIdentityPoolId": issued.pool_id,
        "cognitoAuthenticationType": "unauthenticated" if issued.is_guest else "authenticated",
    }


def _logins(request: Mapping[str, Any]) -> Mapping[str, str]:
    logins = request.get("Logins") or {}
    if not isinstance(logins, dict) or not all(isinstance(each, str) for each in logins.values()):
        raise ServiceError(400, "InvalidParameterException", "Logins is not a map of strings")
    return logins


def _subject(token: str) -> str:
    """Return the subject of a provider's token, unverified; the token itself if it is no JWT."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["sub"])
    except (IndexError, KeyError, TypeError, ValueError):
        return token


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _checked(request: Mapping[str, Any], name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str) or not ID.fullmatch(value):
        # Not the documented InvalidParameterException, and with a small first letter.
        # https://github.com/aws-amplify/amplify-swift/issues/2864
        raise ServiceError(
            400,
            "ValidationException",
            f"1 validation error detected: Value at '{name[0].lower()}{name[1:]}' failed to satisfy"
            f" constraint: Member must satisfy regular expression pattern: {ID.pattern}",
        )
    return value
