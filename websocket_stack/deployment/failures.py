"""What stops a script, in one line that says what to do; and AWS's errors turned into that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_UNKNOWN_KEY = frozenset(
    {
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidAccessKeyId",
        "AuthFailure",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
    }
)


class Failed(Exception):
    """The script cannot go on; the message is one line that says why and what to do."""


@contextmanager
def explained(region: str | None = None) -> Iterator[None]:
    """Raise botocore's errors as ``Failed``; takes the region that calls go to, if it is known."""
    try:
        yield
    except (ClientError, BotoCoreError) as exc:
        raise Failed(explanation(exc, region)) from exc


def explanation(exc: ClientError | BotoCoreError, region: str | None = None) -> str:
    """Return in one line what happened and what to do."""
    if isinstance(exc, ClientError):
        return _service_says(exc, region)
    if isinstance(exc, NoCredentialsError | PartialCredentialsError):
        return "no AWS credentials found; set AWS_PROFILE, or log in with the AWS CLI"
    if isinstance(exc, SSOTokenLoadError | TokenRetrievalError | UnauthorizedSSOTokenError):
        return "the AWS login has expired; run aws sso login"
    if isinstance(exc, NoRegionError):
        return "no region; give --region or set AWS_REGION"
    if isinstance(exc, ProfileNotFound | InvalidRegionError):
        return _one_line(str(exc))
    if isinstance(exc, ConnectionError | HTTPClientError):
        # Its own message may hold the whole address.
        return f"cannot reach AWS ({type(exc).__name__}); is the region {region!r} right?"
    return _one_line(str(exc))


def _service_says(exc: ClientError, region: str | None) -> str:
    code = code_of(exc)
    message = _one_line(exc.response.get("Error", {}).get("Message") or "")
    if code in _EXPIRED:
        return "the AWS credentials have expired; get new ones and try again"
    if code in _UNKNOWN_KEY:
        where = f" in {region}" if region else ""
        return f"AWS does not take these credentials{where} ({code}); is the region enabled?"
    return (
        f"{exc.operation_name}: {code}: {message}" if message else f"{exc.operation_name}: {code}"
    )


def code_of(exc: ClientError) -> str:
    """Return the error code, which is the HTTP status where the answer had no body."""
    return exc.response.get("Error", {}).get("Code") or "Unknown"


def _one_line(text: str) -> str:
    return " ".join(text.split())
