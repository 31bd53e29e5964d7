"""Says whose connection it is: by IAM, by a Lambda authorizer, by a token, or by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from fulfillment.logs import log_failure
from websocket_stack.tasks.settings import TaskSettings

if TYPE_CHECKING:
    from jwt import PyJWKClient

# The name of every guest's session of a role, so that it identifies none of them.
# https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetCredentialsForIdentity.html
SHARED_ARN = "/CognitoIdentityCredentials"
# Those that issuers of tokens sign with; none in which the verifier's key could sign.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
# Between the issuer's clock and Lambda's.
LEEWAY_SECONDS = 30
KEY_SECONDS = 3


class InvalidToken(Exception):
    """A token was not issued for this API, or is no longer valid."""


class Identity(NamedTuple):
    """Who a token is about.

    Attributes:
        owner: its subject, at its issuer.
        until: when it expires, in epoch seconds.
    """

    owner: str
    until: float


class Verifier(Protocol):
    """Verifies tokens."""

    def verify(self, token: str) -> Identity:
        """Return who a token is about.

        Raises:
            InvalidToken: it is not valid.
        """
        ...


class TokenVerifier:
    """Verifies the JWTs of one issuer.

    Args:
        issuer: who signs them.
        audience: the audience that they must name: their ``aud``, or Cognito's ``client_id``.
        keys: the issuer's keys.
    """

    def __init__(self, issuer: str, audience: str, keys: PyJWKClient) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys

    @classmethod
    def of(cls, settings: TaskSettings) -> TokenVerifier:
        """Make the verifier that the settings describe; its keys are fetched when needed."""
        from jwt import PyJWKClient

        url = settings.keys_url or f"{settings.issuer}/.well-known/jwks.json"
        keys = PyJWKClient(url, cache_keys=True, timeout=KEY_SECONDS)
        return cls(settings.issuer, settings.audience, keys)

    def verify(self, token: str) -> Identity:
        """Return who a token is about; see :meth:`Verifier.verify`."""
        import jwt

        try:
            claims = jwt.decode(
                token,
                self._keys.get_signing_key_from_jwt(token).key,
                ALGORITHMS,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "sub"], "verify_aud": False},
            )
        except jwt.PyJWKClientConnectionError as exc:
            log_failure("the issuer's keys could not be fetched", exc)
            raise InvalidToken("its issuer cannot be reached") from None
        # Its message may quote the token.
        except jwt.PyJWTError as exc:
            raise InvalidToken(type(exc).__name__) from None
        if not self._is_for_us(claims):
            raise InvalidToken("InvalidAudienceError")
        return Identity(f"{self._issuer}/{claims['sub']}", float(claims["exp"]))

    def _is_for_us(self, claims: Mapping[str, Any]) -> bool:
        # An access token of Cognito has no audience, but the client that it was given to.
        # https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
        audience = claims.get("aud", claims.get("client_id"))
        return self._audience in (audience if isinstance(audience, list) else [audience])


def owner_at_connect(sign_in: str, context: Mapping[str, Any]) -> str:
    """Return the owner of a connection as its ``$connect`` event names it, or nothing.

    Args:
        sign_in: how clients say who they are.
        context: the request context of the event.
    """
    owner: object = None
    if sign_in == "iam":
        owner = _principal(context)
    elif sign_in == "authorizer":
        owner = _object(context.get("authorizer")).get("principalId")
    return owner if isinstance(owner, str) else ""


def _principal(context: Mapping[str, Any]) -> object:
    identity = _object(context.get("identity"))
    owner = identity.get("cognitoIdentityId") or identity.get("userArn")
    return "" if isinstance(owner, str) and owner.endswith(SHARED_ARN) else owner


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
