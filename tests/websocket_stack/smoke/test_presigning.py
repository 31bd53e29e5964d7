"""The address of ``$connect``, presigned."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.credentials import ReadOnlyCredentials

from websocket_stack.smoke import presigning as presign

CREDENTIALS = ReadOnlyCredentials("ASIAKEY", "secret", "token/+=")
IDENTITY = "us-east-1:a8e1f7b2-b20d-441c-9698-aff8b519d8d5"


def test_it_is_signed_as_lex_web_ui_signs() -> None:
    url = urlsplit(presign.signed("wss://a.example/Prod", IDENTITY, CREDENTIALS, "eu-west-1"))
    query = {name: values[0] for name, values in parse_qs(url.query).items()}

    assert (url.scheme, url.netloc, url.path) == ("wss", "a.example", "/Prod")
    assert query["sessionId"] == IDENTITY
    assert query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert query["X-Amz-Credential"].endswith("/eu-west-1/execute-api/aws4_request")
    assert query["X-Amz-Expires"] == "3600"
    assert query["X-Amz-SignedHeaders"] == "host"
    assert query["X-Amz-Security-Token"] == "token/+="
    assert len(query["X-Amz-Signature"]) == 64


def test_the_session_is_part_of_what_is_signed() -> None:
    urls = [
        presign.signed("wss://a.example/Prod", session, CREDENTIALS, "eu-west-1")
        for session in ("one", "two")
    ]
    signatures = {parse_qs(urlsplit(url).query)["X-Amz-Signature"][0] for url in urls}

    assert len(signatures) == 2


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_the_scheme_stays(scheme: str) -> None:
    # A host that begins as a scheme does is not taken for one.
    endpoint = f"{scheme}://https.ws.example/Prod"

    assert presign.signed(endpoint, "s", CREDENTIALS, "r").startswith(f"{endpoint}?sessionId=s&")
    assert presign.with_session(endpoint, "a:b") == f"{endpoint}?sessionId=a%3Ab"
