"""An issuer of tokens, and where its keys are."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

ISSUER, AUDIENCE = "https://issuer.test", "client-1"
KEYS_PATH = "/.well-known/jwks.json"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEY_ID = "key-1"


def keys() -> Mapping[str, Any]:
    """Return the issuer's public keys."""
    public = json.loads(RSAAlgorithm.to_jwk(KEY.public_key()))
    return {"keys": [public | {"kid": KEY_ID, "use": "sig"}]}


def token(key: Any = KEY, algorithm: str = "RS256", kid: str = KEY_ID, **claims: Any) -> str:
    """Return a token of the user ``user-1``; a claim that is ``None`` is left out."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "user-1",
        "exp": time.time() + 60,
        **claims,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm, headers={"kid": kid})


def routes() -> list[BaseRoute]:
    """Return the routes of the issuer's server."""

    def answer(request: Request) -> JSONResponse:
        return JSONResponse(keys())

    return [Route(KEYS_PATH, answer)]
