"""Checks Signature Version 4 in request headers, with botocore's own signer.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from starlette.requests import Request

from websocket_stack.local.aws import ServiceError

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)"
    r"/aws4_request, ?SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


class SignatureCheck:
    """Takes the secret access key of each access key id that may call."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = secrets

    async def check(self, request: Request) -> None:
        """Check the signature of a request.

        Raises:
            ServiceError: 403, as API Gateway words it.
        """
        header = request.headers.get("authorization", "")
        claim = AUTHORIZATION.fullmatch(header)
        if not claim:
            raise _refused("MissingAuthenticationTokenException", "Missing Authentication Token")
        secret = self._secrets.get(claim["key"])
        if secret is None:
            raise _refused(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            )
        expected = self._signature(request, claim, secret, await request.body())
        if not hmac.compare_digest(expected, claim["signature"]):
            raise _refused(
                "InvalidSignatureException",
                "The request signature we calculated does not match the signature you provided.",
            )

    def _signature(self, request: Request, claim: re.Match[str], secret: str, body: bytes) -> str:
        signer = SigV4Auth(Credentials(claim["key"], secret), claim["service"], claim["region"])
        raw_path = request.scope["raw_path"].decode()
        signed = AWSRequest(
            method=request.method,
            url=f"{request.url.scheme}://{request.headers['host']}{raw_path}",
            data=body,
            headers={
                name: request.headers[name]
                for name in claim["headers"].split(";")
                if name in request.headers
            },
        )
        signed.context["timestamp"] = request.headers.get("x-amz-date", "")
        canonical = signer.canonical_request(signed)
        return str(signer.signature(signer.string_to_sign(signed, canonical), signed))


def _refused(code: str, message: str) -> ServiceError:
    return ServiceError(403, code, message)
