"""Calls passed on to Bedrock: boto3 at one end, a server that checks signatures at the other."""

from __future__ import annotations

import gzip
import http.client
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import anyio.to_thread
import pytest
from botocore.session import Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.stack_fixture import client, running_app
from websocket_stack.command_line import CommandFailed
from websocket_stack.local.api_gateway.signatures import Key, SignatureCheck
from websocket_stack.local.aws_json import ServiceError, error_response
from websocket_stack.local.bedrock import event_stream
from websocket_stack.local.bedrock.forwarding import BedrockForwarder

pytestmark = pytest.mark.slow

SIGNATURES = SignatureCheck({"CALLER": Key("caller's secret")}.get, "bedrock")
CONVERSE = {"messages": [{"role": "user", "content": [{"text": "Grüß Gott"}]}]}
ARN = "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude:0"

RETRIEVE = {
    "input": {"text": "Grüß Gott"},
    "retrieveAndGenerateConfiguration": {
        "type": "KNOWLEDGE_BASE",
        "knowledgeBaseConfiguration": {"knowledgeBaseId": "KB12345678", "modelArn": ARN},
    },
}
AGENT = {
    "agentId": "AGENT12345",
    "agentAliasId": "ALIAS12345",
    "sessionId": "us-east-1:0f",
    "inputText": "Hi",
}


@dataclass
class Upstream:
    """Bedrock's stand-in: checks signatures, keeps requests, answers as told."""

    answer: Response
    requests: list[Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def respond(self, request: Request) -> Response:
        body = await request.body()
        assert SIGNATURES.check(request, body, request.method)
        self.requests.append(request)
        self.bodies.append(body)
        return self.answer


def application(*routes: Route) -> Starlette:
    return Starlette(routes=routes, exception_handlers={ServiceError: error_response})


@pytest.fixture
def caller(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with credentials of the caller's own."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "CALLER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "caller's secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "caller's token")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    return monkeypatch


@contextmanager
def forwarding(caller: pytest.MonkeyPatch, upstream: Upstream) -> Iterator[str]:
    """Run a forwarder to an upstream; yields the forwarder's origin."""
    route = Route("/{rest:path}", upstream.respond, methods=["POST"])
    with running_app(application(route)) as aws:
        caller.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", aws)
        caller.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME", f"{aws}/agent-runtime")
        forwarder = BedrockForwarder(Session())
        with running_app(application(*forwarder.routes())) as origin:
            yield origin


def post(
    origin: str, path: str, body: bytes, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    with closing(http.client.HTTPConnection(origin.partition("://")[2], timeout=20)) as connection:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        return response, response.read()


def test_a_call_is_signed_by_the_caller(caller: pytest.MonkeyPatch) -> None:
    upstream = Upstream(Response('{"stopReason": "end_turn"}'))
    with (
        forwarding(caller, upstream) as origin,
        closing(client("bedrock-runtime", origin)) as bedrock,
    ):
        assert bedrock.converse(modelId=ARN, **CONVERSE)["stopReason"] == "end_turn"

    [request] = upstream.requests
    # The local stack's own made-up credentials stay behind.
    assert "/eu-central-1/bedrock/aws4_request" in request.headers["authorization"]
    assert request.headers["x-amz-security-token"] == "caller's token"
    assert json.loads(upstream.bodies[0]) == CONVERSE


def test_agents_and_knowledge_bases_are_forwarded(caller: pytest.MonkeyPatch) -> None:
    stream = event_stream.event("output", {"text": "Hello."})
    chunk = event_stream.event("chunk", {"bytes": "SGVsbG8u"})
    upstream = Upstream(Response(stream, media_type=event_stream.CONTENT_TYPE))
    with forwarding(caller, upstream) as origin:
        with closing(client("bedrock-agent-runtime", origin)) as bedrock:
            with closing(bedrock.retrieve_and_generate_stream(**RETRIEVE)["stream"]) as events:
                assert list(events) == [{"output": {"text": "Hello."}}]
            upstream.answer = Response(chunk, media_type=event_stream.CONTENT_TYPE)
            with closing(bedrock.invoke_agent(**AGENT)["completion"]) as events:
                assert list(events) == [{"chunk": {"bytes": b"Hello."}}]

    assert [request.url.path for request in upstream.requests] == [
        "/agent-runtime/retrieveAndGenerateStream",
        "/agent-runtime/agents/AGENT12345/agentAliases/ALIAS12345/sessions/us-east-1:0f/text",
    ]
    for request in upstream.requests:
        assert "/eu-central-1/bedrock/aws4_request" in request.headers["authorization"]
    assert json.loads(upstream.bodies[0]) == RETRIEVE


def test_services_are_of_the_callers_region(caller: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME"):
        caller.delenv(name, raising=False)

    assert BedrockForwarder(Session()).endpoints == {
        "bedrock-runtime": "https://bedrock-runtime.eu-central-1.amazonaws.com",
        "bedrock-agent-runtime": "https://bedrock-agent-runtime.eu-central-1.amazonaws.com",
    }


@pytest.mark.parametrize(
    "path",
    [
        "/model/anthropic.claude-v2%3A1/converse",
        "/model/anthropic.claude-v2:1/converse",
        "/model/arn%3Aaws%3Abedrock%3Aeu-central-1%3A1%3Ainference-profile%2Feu.a%3A0/converse",
        "/model/a%20b/invoke",
    ],
)
def test_path_and_body_pass_unchanged(caller: pytest.MonkeyPatch, path: str) -> None:
    upstream = Upstream(Response(b"{}"))
    body = b'{ "odd":\n "\xc3\xbc" }\xff'
    with forwarding(caller, upstream) as origin:
        post(origin, path, body)

    assert upstream.requests[0].scope["raw_path"].decode() == path
    assert upstream.bodies == [body]


def test_headers_are_passed_on_without_the_signatures(caller: pytest.MonkeyPatch) -> None:
    upstream = Upstream(Response(b"{}"))
    sent = {
        "Content-Type": "application/json",
        "Accept": "application/vnd.amazon.eventstream",
        "X-Amzn-Bedrock-GuardrailIdentifier": "gr-1",
        "X-Amz-Security-Token": "local token",
        "X-Amz-Date": "20200101T000000Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=local",
    }
    with forwarding(caller, upstream) as origin:
        post(origin, "/model/a/invoke", b"{}", **sent)

    headers = upstream.requests[0].headers
    for name in ("Content-Type", "Accept", "X-Amzn-Bedrock-GuardrailIdentifier"):
        assert headers[name] == sent[name]
    assert headers["x-amz-security-token"] == "caller's token"
    assert headers["x-amz-date"] != sent["X-Amz-Date"]
    assert "local" not in headers["authorization"]


def test_a_session_token_is_the_callers_or_none(caller: pytest.MonkeyPatch) -> None:
    caller.delenv("AWS_SESSION_TOKEN")
    upstream = Upstream(Response(b"{}"))
    with forwarding(caller, upstream) as origin:
        post(origin, "/model/a/invoke", b"{}", **{"X-Amz-Security-Token": "local token"})

    assert "x-amz-security-token" not in upstream.requests[0].headers


def test_an_error_of_bedrock_comes_back_as_it_is(caller: pytest.MonkeyPatch) -> None:
    answer = Response(
        '{"message": "Too many tokens"}', 429, {"x-amzn-ErrorType": "ThrottlingException"}
    )
    with forwarding(caller, Upstream(answer)) as origin:
        with closing(client("bedrock-runtime", origin)) as bedrock:
            with pytest.raises(bedrock.exceptions.ThrottlingException) as refused:
                bedrock.converse_stream(modelId="a", **CONVERSE)
    assert refused.value.response["Error"]["Message"] == "Too many tokens"


def test_a_body_that_bedrock_compressed_stays_so(caller: pytest.MonkeyPatch) -> None:
    answer = Response(gzip.compress(b'{"a": 1}'), headers={"Content-Encoding": "gzip"})
    with forwarding(caller, Upstream(answer)) as origin:
        response, body = post(origin, "/model/a/invoke", b"{}")

    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == b'{"a": 1}'


def test_events_arrive_as_they_come(caller: pytest.MonkeyPatch) -> None:
    read_first = threading.Event()

    async def events() -> AsyncIterator[bytes]:
        yield event_stream.event("messageStart", {"role": "assistant"})
        # The rest is written once the first has been read at the other end.
        await anyio.to_thread.run_sync(read_first.wait, 20)
        assert read_first.is_set()
        yield event_stream.event("messageStop", {"stopReason": "end_turn"})

    answer = StreamingResponse(events(), media_type=event_stream.CONTENT_TYPE)
    with forwarding(caller, Upstream(answer)) as origin:
        with closing(client("bedrock-runtime", origin)) as bedrock:
            with closing(bedrock.converse_stream(modelId="a", **CONVERSE)["stream"]) as stream:
                seen = iter(stream)
                assert next(seen) == {"messageStart": {"role": "assistant"}}
                read_first.set()
                assert list(seen) == [{"messageStop": {"stopReason": "end_turn"}}]


def test_an_unreachable_bedrock_is_unavailable(caller: pytest.MonkeyPatch) -> None:
    caller.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://127.0.0.1:1")
    with running_app(application(*BedrockForwarder(Session()).routes())) as origin:
        response, body = post(origin, "/model/a/converse", b"{}")

    assert response.status == 503
    assert response.headers["x-amzn-ErrorType"] == "ServiceUnavailableException"
    assert json.loads(body) == {"message": "Bedrock cannot be reached."}


def test_missing_credentials_are_named(caller: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        caller.delenv(name)

    with pytest.raises(CommandFailed, match="no AWS credentials found; set AWS_PROFILE"):
        BedrockForwarder(Session())


def test_a_missing_region_is_named(caller: pytest.MonkeyPatch) -> None:
    caller.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(CommandFailed, match="no AWS region found; set AWS_REGION or"):
        BedrockForwarder(Session())

    caller.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert BedrockForwarder(Session()).routes()
