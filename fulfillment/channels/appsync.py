"""The subscribers of an AppSync API, reached through one of its mutations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import (
    BotoCoreError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
)

from fulfillment.errors import ChannelBusy, ChannelError, FrameRejected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

BUSY = {"ThrottlingException", "LimitExceededException", "LimitExceededError"}
NOT_SENT = (ConnectTimeoutError, EndpointConnectionError)


class AppSyncChannel:
    """Posts each frame as one call of a mutation, which AppSync delivers to its subscribers.

    Args:
        endpoint: the API's GraphQL address.
        mutation: the GraphQL document; a frame is its variables, as JSON.
        region: the API's region.
        credentials: returns credentials that may call the mutation.
        send: sends a request and returns the response, over a connection that is kept.
    """

    def __init__(
        self,
        endpoint: str,
        mutation: str,
        region: str,
        credentials: Callable[[], Any],
        send: Callable[[AWSPreparedRequest], AWSResponse],
    ) -> None:
        self._endpoint = endpoint
        self._mutation = mutation
        self._region = region
        self._credentials = credentials
        self._send = send

    def post(self, address: str, payload: str) -> None:
        """Post one frame; see :meth:`fulfillment.streaming.channel.Channel.post`."""
        body = f'{{"query":{json.dumps(self._mutation)},"variables":{payload}}}'
        request = AWSRequest(
            "POST",
            self._endpoint,
            data=body.encode(),
            headers={"Content-Type": "application/json"},
        )
        SigV4Auth(self._credentials(), "appsync", self._region).add_auth(request)
        try:
            response = self._send(request.prepare())
        except NOT_SENT as exc:
            raise ChannelBusy("no connection to the API") from exc
        except (BotoCoreError, HTTPClientError) as exc:
            raise ChannelError(type(exc).__name__) from exc
        if problem := _problem(response):
            raise problem


def _problem(response: AWSResponse) -> ChannelError | None:
    """Return what an answer says went wrong, if anything did."""
    kinds = _error_types(response)
    if response.status_code == 429 or kinds & BUSY:
        return ChannelBusy(f"status {response.status_code}")
    if 400 <= response.status_code < 500:
        return FrameRejected(f"status {response.status_code}")
    if response.status_code != 200:
        return ChannelError(f"status {response.status_code}")
    if "Unauthorized" in kinds:
        return FrameRejected("the mutation may not be called")
    return ChannelError("the mutation failed") if kinds else None


def _error_types(response: AWSResponse) -> set[str]:
    # A mutation that failed is answered with 200, and with its errors.
    # https://docs.aws.amazon.com/appsync/latest/devguide/troubleshooting-and-common-mistakes.html
    try:
        body = json.loads(response.content)
    except ValueError:
        return {"InvalidResponse"}
    errors: Any = body.get("errors") if isinstance(body, dict) else None
    if not errors:
        return set()
    listed: list[Mapping[str, Any]] = errors if isinstance(errors, list) else [errors]
    return {str(error.get("errorType") or "Unknown") for error in listed}
