from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.issuer import AUDIENCE, ISSUER, keys, token
from websocket_stack.tasks.sign_in import InvalidToken, TokenVerifier

OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Keys(jwt.PyJWKClient):
    """The keys of the issuer, without a network."""

    def fetch_data(self) -> Any:
        return keys()


VERIFIER = TokenVerifier(ISSUER, AUDIENCE, Keys("https://issuer.test/keys"))


def test_a_token_says_who_it_is_about() -> None:
    identity = VERIFIER.verify(token(exp=9_999_999_999))
    assert identity == (f"{ISSUER}/user-1", 9_999_999_999)


def test_an_access_token_of_cognito_names_its_client() -> None:
    assert VERIFIER.verify(token(aud=None, client_id=AUDIENCE)).owner == f"{ISSUER}/user-1"


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "nonsense",
        token(exp=time.time() - 60),
        token(exp=None),
        token(sub=None),
        token(iss="https://other.test"),
        token(aud="client-2"),
        token(aud=None),
        token(kid="key-2"),
        token(OTHER_KEY),
        token("x" * 64, "HS256"),
        token(None, "none"),
    ],
)
def test_what_is_not_to_be_trusted_is_refused(bad: str) -> None:
    with pytest.raises(InvalidToken) as raised:
        VERIFIER.verify(bad)
    assert raised.value.__cause__ is None
    assert not bad or bad not in str(raised.value)
