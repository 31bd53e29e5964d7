"""How a command talks to the person who runs it: lines, questions, failures in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

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


class CommandFailed(Exception):
    """The command cannot go on; the message is one line that says why and what to do."""


def print_error(command: str, message: object) -> None:
    """Write to standard error what went wrong in a command."""
    sys.stderr.write(f"{command}: {message}\n")


def print_line(line: str) -> None:
    """Write a line to standard output at once, also where that is a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class Console:
    """Where a command writes its lines and asks its questions.

    Args:
        yes: answers each question with yes, without asking.
        say: writes a line.
        ask: asks a question and returns the answer.
    """

    yes: bool = False
    say: Callable[[str], None] = print_line
    ask: Callable[[str], str] = input

    def confirms(self, question: str) -> bool:
        """Ask a question and return whether the answer is yes; no terminal means no."""
        if self.yes:
            return True
        try:
            return self.ask(f"{question} [y/N] ").strip().lower() in ("y", "yes")
        except EOFError:
            self.say("nobody to ask; --yes goes on without asking")
            return False


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return rows as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


# --- AWS


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
    except (ClientError, BotoCoreError) as exc:
        raise CommandFailed(explanation(exc, region)) from exc


def explanation(exc: ClientError | BotoCoreError, region: str | None) -> str:
    """Return one line that says what happened and what to do."""
    if isinstance(exc, ClientError):
        return _service_error(exc, region)
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


def _service_error(exc: ClientError, region: str | None) -> str:
    code = error_code(exc)
    if code in _EXPIRED:
        return "the AWS credentials have expired; get new ones and try again"
    if code in _UNKNOWN_KEY:
        where = f" in {region}" if region else ""
        return f"AWS does not take these credentials{where} ({code}); is the region enabled?"
    message = _one_line(exc.response.get("Error", {}).get("Message") or "")
    return f"{exc.operation_name}: {code}" + (f": {message}" if message else "")


def error_code(exc: ClientError) -> str:
    """Return the error's code, which is the HTTP status if the response had no body."""
    return exc.response.get("Error", {}).get("Code") or "Unknown"


def _one_line(text: str) -> str:
    return " ".join(text.split())
