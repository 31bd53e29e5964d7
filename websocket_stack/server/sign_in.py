"""Who a client is: as its token says, or anonymous."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

from fulfillment.errors import SettingsError
from fulfillment.settings import Reader
from websocket_stack.tasks.sign_in import KEY_SECONDS, Identity, InvalidToken, TokenVerifier

# By which a page passes a token before there is a socket: new WebSocket(url, ["bearer", token]).
SUBPROTOCOL = "bearer"
LEAST_TOKEN_CHARACTERS = 32


class Verifier(Protocol):
    """Verifies tokens."""

    async def verify(self, token: str) -> Identity:
        """Return who a token is about.

        Raises:
            InvalidToken: it is not valid, or no longer valid.
        """
        ...


class KnownTokens:
    """Verifies tokens that were agreed on.

    Args:
        tokens: all of them; each is one user.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = [token.encode() for token in tokens]

    async def verify(self, token: str) -> Identity:
        candidate = token.encode("utf-8", "surrogatepass")
        # All are compared, so that the time that it takes tells nothing.
        found = [known for known in self._tokens if secrets.compare_digest(known, candidate)]
        if not found:
            raise InvalidToken("unknown")
        return Identity(f"token/{hashlib.sha256(candidate).hexdigest()[:16]}", float("inf"))


class IssuedTokens:
    """Verifies the JWTs of an issuer.

    Args:
        verifier: verifies one, and may have to fetch the key that signed it.
    """

    def __init__(self, verifier: TokenVerifier) -> None:
        self._verifier = verifier

    async def verify(self, token: str) -> Identity:
        return await asyncio.to_thread(self._verifier.verify, token)


def is_valid(identity: Identity | None) -> bool:
    """Return whether a client is known, and need not sign in again yet."""
    return identity is not None and time.time() < identity.until


def verifier_of(environ: Mapping[str, str]) -> Verifier | None:
    """Return what verifies tokens, or ``None`` where clients need not sign in.

    Args:
        environ: ``AUTH_TOKENS``, or ``JWT_ISSUER`` with ``JWT_AUDIENCE`` and, where the keys are
            not at the usual address, ``JWT_KEYS_URL``.

    Raises:
        SettingsError: a value is missing or cannot be used.
    """
    read = Reader(environ)
    if tokens := read.names("AUTH_TOKENS"):
        if short := [token for token in tokens if len(token) < LEAST_TOKEN_CHARACTERS]:
            least = LEAST_TOKEN_CHARACTERS
            raise SettingsError(
                f"AUTH_TOKENS: {len(short)} of them have fewer than {least} characters"
            )
        return KnownTokens(tokens)
    issuer, audience = read.text("JWT_ISSUER", "").rstrip("/"), read.text("JWT_AUDIENCE", "")
    if not issuer:
        return None
    if not audience:
        raise SettingsError("JWT_AUDIENCE: set it to whom the tokens of JWT_ISSUER are for")
    import jwt

    url = read.url("JWT_KEYS_URL") or f"{issuer}/.well-known/jwks.json"
    keys = jwt.PyJWKClient(url, cache_keys=True, timeout=KEY_SECONDS)
    return IssuedTokens(TokenVerifier(issuer, audience, keys))
