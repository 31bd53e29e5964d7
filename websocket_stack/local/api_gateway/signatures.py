"""Checks Signature Version 4, in headers or in a presigned address, with botocore's own signer.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, TypeAlias
from urllib.parse import parse_qsl, quote, urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from starlette.requests import HTTPConnection

from websocket_stack.local.aws_json import ServiceError

ALGORITHM = "AWS4-HMAC-SHA256"
SCOPE = r"(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request"
AUTHORIZATION = re.compile(
    rf"{ALGORITHM} Credential={SCOPE}, ?SignedHeaders=(?P<headers>[^,]+),"
    r" ?Signature=(?P<signature>[0-9a-f]{64})"
)
CREDENTIAL = re.compile(SCOPE)
# How far the two clocks may be apart.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
MAX_SKEW_SECONDS = 5 * 60
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
MAX_EXPIRES_SECONDS = 7 * 24 * 60 * 60
EXPIRES = re.compile(r"[0-9]{1,6}")

Parameters: TypeAlias = Sequence[tuple[str, str]]


class Key(NamedTuple):
    """An access key of this stack.

    Attributes:
        expires_at: in epoch seconds.
        identity: its holder as ``requestContext.identity`` describes callers.
        manages: whether it may call the management API.
    """

    secret_access_key: str
    session_token: str | None = None
    expires_at: float = float("inf")
    identity: Mapping[str, str] = MappingProxyType({})
    manages: bool = False


class Claim(NamedTuple):
    """A signature as it came, unchecked; ``parameters`` are those of the address it covers."""

    key_id: str
    date: str
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str
    timestamp: str
    session_token: str | None
    parameters: Parameters
    expires_seconds: int = MAX_SKEW_SECONDS


class SignatureCheck:
    """Checks the signatures of requests to one service.

    Args:
        find: returns the key of an access key id, or ``None`` if this stack issued none.
        service: the service's name in a credential scope.
        now: the wall clock, in epoch seconds.
    """

    def __init__(
        self,
        find: Callable[[str], Key | None],
        service: str = "execute-api",
        now: Callable[[], float] = time.time,
    ) -> None:
        self._find = find
        self._service = service
        self._now = now

    def check(self, request: HTTPConnection, body: bytes = b"", method: str = "GET") -> Key | None:
        """Check a request.

        Args:
            request: the request, with its address and headers.
            body: its body.
            method: its HTTP method.

        Returns:
            The key that it is signed with, or ``None`` if this stack did not issue it.

        Raises:
            ServiceError: 403, as API Gateway words it: there is no signature, or it is wrong.
        """
        claim = _claim(request)
        key = self._find(claim.key_id)
        if key is None:
            return None
        if claim.service != self._service:
            raise _invalid(f"Credential should be scoped to correct service: '{self._service}'.")
        if key.session_token is not None and claim.session_token != key.session_token:
            raise invalid_token()
        if not _matches(request, method, body, claim, key):
            raise _invalid(
                "The request signature we calculated does not match the signature you provided."
            )
        now = self._now()
        _check_time(claim, now)
        if key.expires_at <= now:
            raise _refused(
                "ExpiredTokenException", "The security token included in the request is expired"
            )
        return key


def is_signed(request: HTTPConnection) -> bool:
    """Return whether a request names, in a readable form, the key that signed it."""
    credential = request.query_params.get("X-Amz-Credential", "")
    header = request.headers.get("authorization", "")
    return bool(CREDENTIAL.fullmatch(credential) or AUTHORIZATION.fullmatch(header))


def not_authorized() -> ServiceError:
    """Return the refusal of a caller who is known and may not do this."""
    return _refused("AccessDeniedException", "User is not authorized to access this resource")


def invalid_token() -> ServiceError:
    """Return the refusal of an access key, or a session token, that was not issued."""
    return _refused(
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    )


def _claim(request: HTTPConnection) -> Claim:
    parameters = parse_qsl(request.url.query, keep_blank_values=True)
    found = _presigned(parameters) or _in_headers(request.headers, parameters)
    if found is None:
        raise _refused("MissingAuthenticationTokenException", "Missing Authentication Token")
    return found


def _presigned(parameters: Parameters) -> Claim | None:
    members = dict(parameters)
    scope = CREDENTIAL.fullmatch(members.get("X-Amz-Credential", ""))
    if not scope or members.get("X-Amz-Algorithm") != ALGORITHM:
        return None
    expires = members.get("X-Amz-Expires", "")
    if not EXPIRES.fullmatch(expires) or int(expires) > MAX_EXPIRES_SECONDS:
        raise _invalid(f"X-Amz-Expires must be a number of seconds up to {MAX_EXPIRES_SECONDS}")
    return Claim(
        key_id=scope["key"],
        date=scope["date"],
        region=scope["region"],
        service=scope["service"],
        headers=tuple(members.get("X-Amz-SignedHeaders", "").split(";")),
        signature=members.get("X-Amz-Signature", ""),
        timestamp=members.get("X-Amz-Date", ""),
        session_token=members.get("X-Amz-Security-Token"),
        parameters=[(name, value) for name, value in parameters if name != "X-Amz-Signature"],
        expires_seconds=int(expires),
    )


def _in_headers(headers: Mapping[str, str], parameters: Parameters) -> Claim | None:
    found = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if not found:
        return None
    return Claim(
        key_id=found["key"],
        date=found["date"],
        region=found["region"],
        service=found["service"],
        headers=tuple(found["headers"].split(";")),
        signature=found["signature"],
        timestamp=headers.get("x-amz-date", ""),
        session_token=headers.get("x-amz-security-token"),
        parameters=parameters,
    )


def _matches(request: HTTPConnection, method: str, body: bytes, claim: Claim, key: Key) -> bool:
    body_hash = hashlib.sha256(body).hexdigest()
    # botocore's signer takes this header's word for the body.
    if request.headers.get("x-amz-content-sha256", body_hash) != body_hash:
        return False
    expected = [_signature(request, method, body, host, claim, key) for host in _hosts(request)]
    return any(hmac.compare_digest(each.encode(), claim.signature.encode()) for each in expected)


def _hosts(request: HTTPConnection) -> Iterable[str]:
    """Return what the signer may have taken for the host.

    API Gateway has no port in its address, and Lex Web UI signs the name without one.
    https://github.com/aws-samples/aws-lex-web-ui/blob/master/lex-web-ui/src/store/sigv4-handlers.js
    """
    host = request.headers.get("host", "")
    return {host, re.sub(r":\d+\Z", "", host)}


def _signature(
    request: HTTPConnection, method: str, body: bytes, host: str, claim: Claim, key: Key
) -> str:
    signer = SigV4Auth(
        Credentials(claim.key_id, key.secret_access_key), claim.service, claim.region
    )
    raw_path = request.scope.get("raw_path", b"").decode("latin-1")
    signed = AWSRequest(
        method=method,
        # The host is signed as a header, whatever it is here.
        url=f"https://host{raw_path}?{urlencode(claim.parameters, quote_via=quote)}",
        data=body,
        headers={
            name: host if name == "host" else request.headers[name]
            for name in claim.headers
            if name in request.headers
        },
    )
    signed.context["timestamp"] = claim.timestamp
    canonical = signer.canonical_request(signed)
    return str(signer.signature(signer.string_to_sign(signed, canonical), signed))


def _check_time(claim: Claim, now: float) -> None:
    try:
        signed_at = calendar.timegm(time.strptime(claim.timestamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise _invalid("X-Amz-Date is not a time such as 20261120T093827Z") from None
    if not claim.timestamp.startswith(claim.date):
        raise _invalid("Date in Credential scope does not match YYYYMMDD from X-Amz-Date")
    if signed_at > now + MAX_SKEW_SECONDS:
        raise _invalid(f"Signature not yet current: {claim.timestamp} is still later than now")
    if signed_at + claim.expires_seconds < now:
        raise _invalid(f"Signature expired: {claim.timestamp} is now earlier than allowed")


def _invalid(message: str) -> ServiceError:
    return _refused("InvalidSignatureException", message)


def _refused(code: str, message: str) -> ServiceError:
    return ServiceError(403, code, message)
