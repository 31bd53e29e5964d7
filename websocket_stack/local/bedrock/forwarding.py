"""Passes calls of Bedrock's runtimes on to AWS, signed with the caller's own credentials."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.session import Session
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from websocket_stack.command_line import CommandFailed
from websocket_stack.local.aws_json import ServiceError

# The paths of each service that are passed on.
PATHS = {
    "bedrock-runtime": ("/model/{rest:path}",),
    "bedrock-agent-runtime": ("/retrieveAndGenerateStream", "/agents/{rest:path}"),
}
# Both sign as the one service.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html
SIGNING_NAME = "bedrock"
# Headers of the signature, or of one hop; the others are passed on.
OWN_HEADERS = frozenset({"host", "authorization", "content-length", "connection", "expect"})
CHUNK_BYTES = 64 * 1024


class BedrockForwarder:
    """Bedrock on AWS.

    Args:
        session: has the caller's credentials and region.

    Attributes:
        endpoints: the address of each service.

    Raises:
        CommandFailed: the session has none.
    """

    def __init__(self, session: Session) -> None:
        credentials, region = session.get_credentials(), session.get_config_variable("region")
        if credentials is None:
            raise CommandFailed("no AWS credentials found; set AWS_PROFILE or AWS_ACCESS_KEY_ID")
        if not region:
            raise CommandFailed("no AWS region found; set AWS_REGION or a profile that has one")
        self._credentials = credentials
        self._region = str(region)
        self.endpoints = {service: self._endpoint(session, service) for service in PATHS}
        self._pool = urllib3.PoolManager(
            maxsize=50, retries=False, timeout=urllib3.Timeout(connect=5, read=60)
        )

    def routes(self) -> list[Route]:
        """Return a route for every operation on a model, a knowledge base or an agent."""
        return [
            Route(path, partial(self._forward, self.endpoints[service]), methods=["POST"])
            for service, paths in PATHS.items()
            for path in paths
        ]

    def _endpoint(self, session: Session, service: str) -> str:
        # The client resolves it as any would: AWS_ENDPOINT_URL_*, FIPS, partitions.
        client = session.create_client(service, region_name=self._region)
        return str(client.meta.endpoint_url).rstrip("/")

    async def _forward(self, endpoint: str, request: Request) -> Response:
        body = await request.body()
        upstream = await run_in_threadpool(self._send, endpoint, request, body)
        return StreamingResponse(
            iterate_in_threadpool(_read(upstream)),
            upstream.status,
            {
                name: value
                for name, value in upstream.headers.items()
                if name.lower() not in ("content-length", "transfer-encoding", "connection")
            },
        )

    def _send(self, endpoint: str, request: Request, body: bytes) -> urllib3.BaseHTTPResponse:
        headers = {
            name: value
            for name, value in request.headers.items()
            if name not in OWN_HEADERS and not name.startswith("x-amz-")
        }
        raw_path = request.scope["raw_path"].decode()
        call = AWSRequest("POST", f"{endpoint}{raw_path}", headers, body)
        SigV4Auth(self._credentials.get_frozen_credentials(), SIGNING_NAME, self._region).add_auth(
            call
        )
        try:
            return self._pool.request(
                "POST", str(call.url), body=body, headers=dict(call.headers), preload_content=False
            )
        except urllib3.exceptions.HTTPError as exc:
            raise ServiceError(
                503, "ServiceUnavailableException", "Bedrock cannot be reached."
            ) from exc


def _read(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """Yield the body as it arrives."""
    try:
        while data := response.read1(CHUNK_BYTES, decode_content=False):
            yield data
    finally:
        response.close()
