from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.credentials import Credentials
from botocore.exceptions import (
    BotoCoreError,
    ConnectTimeoutError,
    HTTPClientError,
    ReadTimeoutError,
)

from fulfillment.channels.appsync import AppSyncChannel
from fulfillment.errors import ChannelBusy, ChannelError, FrameRejected
from tests.aws_stub import RawBody, response

URL = "https://abc.appsync-api.us-east-1.amazonaws.com/graphql"
MUTATION = "mutation Send($data: String!) { send(data: $data) { data } }"
TOLD = {"data": {"send": {"data": "a"}}}


class Api:
    """Answers with one response, or fails."""

    def __init__(
        self,
        status: int = 200,
        body: bytes | dict[str, Any] = TOLD,
        failure: BotoCoreError | None = None,
    ) -> None:
        self.requests: list[Any] = []
        self._answer = (status, body, failure)

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        self.requests.append(request)
        status, body, failure = self._answer
        if failure:
            raise failure
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return response(request.url, status, {}, RawBody([content]))


def post(api: Api) -> None:
    channel = AppSyncChannel(
        URL, MUTATION, "us-east-1", lambda: Credentials("key", "secret", "token"), api.send
    )
    channel.post("chat-1", json.dumps({"data": 'say "ü"'}))


def test_a_frame_is_the_variables_of_a_signed_mutation() -> None:
    api = Api()
    post(api)
    (request,) = api.requests
    assert json.loads(request.body) == {"query": MUTATION, "variables": {"data": 'say "ü"'}}
    assert "/us-east-1/appsync/aws4_request" in request.headers["Authorization"]


def errors(*kinds: str | None) -> dict[str, Any]:
    return {"data": None, "errors": [{"errorType": kind, "message": "m"} for kind in kinds]}


@pytest.mark.parametrize(
    ("api", "error"),
    [
        (Api(429), ChannelBusy),
        (Api(200, errors("ThrottlingException")), ChannelBusy),
        (Api(200, {"errors": {"errorType": "LimitExceededError"}}), ChannelBusy),
        (Api(failure=ConnectTimeoutError(endpoint_url=URL)), ChannelBusy),
        (Api(401, errors("UnauthorizedException")), FrameRejected),
        (Api(200, errors("Unauthorized")), FrameRejected),
        (Api(500, b""), ChannelError),
        (Api(200, errors("Other")), ChannelError),
        (Api(200, errors(None)), ChannelError),
        (Api(200, b"<html>"), ChannelError),
        (Api(failure=ReadTimeoutError(endpoint_url=URL)), ChannelError),
        (Api(failure=HTTPClientError(error="reset")), ChannelError),
    ],
)
def test_what_goes_wrong_is_one_of_our_errors(api: Api, error: type[ChannelError]) -> None:
    with pytest.raises(ChannelError) as raised:
        post(api)
    assert type(raised.value) is error
