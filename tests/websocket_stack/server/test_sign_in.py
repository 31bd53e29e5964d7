from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from fulfillment.errors import SettingsError
from websocket_stack.server.sign_in import IssuedTokens, KnownTokens, is_valid, verifier_of
from websocket_stack.tasks.sign_in import Identity, InvalidToken

TOKENS = ["a" * 32, "b" * 32]


def test_each_known_token_is_a_user() -> None:
    verifier = verifier_of({"AUTH_TOKENS": ",".join(TOKENS)})
    assert isinstance(verifier, KnownTokens)
    owners = [asyncio.run(verifier.verify(token)).owner for token in TOKENS]
    assert len(set(owners)) == 2
    assert not any(token in owner for token in TOKENS for owner in owners)
    with pytest.raises(InvalidToken):
        asyncio.run(verifier.verify("c" * 32))


def test_an_issuers_tokens_are_verified_off_the_loop() -> None:
    class Issuer:
        def verify(self, token: Any) -> Any:
            with pytest.raises(RuntimeError):
                asyncio.get_running_loop()
            return Identity(token, 5)

    issuer: Any = Issuer()
    assert asyncio.run(IssuedTokens(issuer).verify("me")) == Identity("me", 5)


def test_an_identity_is_valid_for_a_while() -> None:
    assert is_valid(Identity("a", time.time() + 60))
    assert not is_valid(Identity("a", time.time() - 1))
    assert not is_valid(None)


def test_an_issuer_can_be_named() -> None:
    environ = {"JWT_ISSUER": "https://issuer.example", "JWT_AUDIENCE": "us"}
    assert isinstance(verifier_of(environ), IssuedTokens)
    assert verifier_of({}) is None


@pytest.mark.parametrize(
    "environ", [{"AUTH_TOKENS": "short"}, {"JWT_ISSUER": "https://issuer.example"}]
)
def test_what_would_not_be_safe_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        verifier_of(environ)
