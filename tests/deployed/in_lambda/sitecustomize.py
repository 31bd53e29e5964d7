"""Leads the requests of Lambda functions for hosts of the tests to where they are, as DNS would."""

from __future__ import annotations

import os
from typing import Any
from urllib import request as urllib_request
from urllib.parse import urlsplit
from urllib.request import HTTPSHandler, Request, build_opener

import botocore
from botocore import httpsession

API_HOSTS = (".execute-api.", ".appsync-api.")


def reroute(request: Any, **_: Any) -> None:
    host = urlsplit(request.url).netloc
    if any(each in host for each in API_HOSTS):
        request.headers["Host"] = host
        request.url = request.url.replace(f"https://{host}", os.environ["AWS_ENDPOINT_URL"])


class IssuerHandler(HTTPSHandler):
    """Fetches the keys of the tests' issuer of tokens."""

    def https_open(self, req: Request) -> Any:
        origin = os.environ["LOCAL_ISSUER"]
        return build_opener().open(f"{origin}{req.selector}", timeout=req.timeout)


# What looks at all modules of the tests must not have its requests led anywhere.
if "AWS_ENDPOINT_URL" in os.environ:
    handler: Any = reroute
    botocore.register_initializer(lambda session: session.register("before-send", handler))
    own_send = httpsession.URLLib3Session.send

    def send(self: Any, request: Any) -> Any:
        # Of requests without a client, which no session hears of.
        reroute(request)
        return own_send(self, request)

    httpsession.URLLib3Session.send = send  # type: ignore[method-assign]
    # PyJWT makes an opener of its own.
    urllib_request.HTTPSHandler = IssuerHandler  # type: ignore[misc]
