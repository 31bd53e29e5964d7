"""What AWS refused, in one line that says what to do."""

from __future__ import annotations

import textwrap
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
from botocore.parsers import ResponseParserError

from websocket_stack.command_line import CommandFailed

# Botocore does not count an answer that it cannot read, such as a proxy's page, among its errors.
AWS_ERRORS = (ClientError, BotoCoreError, ResponseParserError)

# More than IAM writes of what somebody may not do.
MOST_CHARACTERS = 1000

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


@contextmanager
def explaining_aws_errors(region: str | None) -> Iterator[None]:
    """Turn botocore's errors into ``CommandFailed``.

    Args:
        region: the region that is called, if it is known.

    Raises:
        CommandFailed: AWS could not be called, or refused the call.
    """
    try:
        yield
    except AWS_ERRORS as exc:
        raise CommandFailed(explanation(exc, region)) from exc


def explanation(exc: ClientError | BotoCoreError | ResponseParserError, region: str | None) -> str:
    """Return one line that says what happened and what to do."""
    if isinstance(exc, ResponseParserError):
        # Its own message holds the whole answer.
        return (
            "what answered is not AWS, or is out of order: the answer cannot be read;"
            " is there a proxy, or an endpoint in AWS_ENDPOINT_URL?"
        )
    if isinstance(exc, ClientError):
        return _service_error(exc, region)
    if isinstance(exc, NoCredentialsError | PartialCredentialsError):
        return "no AWS credentials found; set AWS_PROFILE, or log in with the AWS CLI"
    if isinstance(exc, SSOTokenLoadError | TokenRetrievalError | UnauthorizedSSOTokenError):
        return "the AWS login has expired; run aws sso login"
    if isinstance(exc, NoRegionError):
        return "no region; give --region or set AWS_REGION"
    if isinstance(exc, ProfileNotFound | InvalidRegionError):
        return one_line(str(exc))
    if isinstance(exc, ConnectionError | HTTPClientError):
        # Its own message may hold the whole address.
        return f"cannot reach AWS ({type(exc).__name__}); is the region {region!r} right?"
    return one_line(str(exc))


def _service_error(exc: ClientError, region: str | None) -> str:
    code = error_code(exc)
    if code in _EXPIRED:
        return "the AWS credentials have expired; get new ones and try again"
    if code in _UNKNOWN_KEY:
        where = f" in {region}" if region else ""
        return f"AWS does not take these credentials{where} ({code}); is the region enabled?"
    message = one_line(exc.response.get("Error", {}).get("Message") or "")
    return f"{exc.operation_name}: {code}" + (f": {message}" if message else "")


def error_code(exc: ClientError) -> str:
    """Return the error's code, which is the HTTP status if the response had no body."""
    return exc.response.get("Error", {}).get("Code") or "Unknown"


def one_line(text: str) -> str:
    """Return a text as one line, which a page of HTML in place of a message does not fill."""
    return textwrap.shorten(text, MOST_CHARACTERS, placeholder=" …")
