"""The routes of the tasks API: validates what clients say, claims runs, and hands them to workers.

It answers within milliseconds: an integration ends at 29 seconds, and a model may take minutes.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from fulfillment.logs import log_failure
from fulfillment.streaming.channel import Channel
from websocket_stack.tasks.callers import Callers
from websocket_stack.tasks.connections import Connections
from websocket_stack.tasks.conversations import ANONYMOUS, LEAST_NAME_CHARACTERS
from websocket_stack.tasks.frame_format import PONG, SIGNED_IN, chat_frame, refusal
from websocket_stack.tasks.owners import Owners
from websocket_stack.tasks.posting import PAUSES_SECONDS, post_all
from websocket_stack.tasks.protocol import (
    Address,
    Ask,
    InvalidRequest,
    Ping,
    Resume,
    SignIn,
    Stop,
    parse,
)
from websocket_stack.tasks.replay import replay
from websocket_stack.tasks.run_table import RunTable
from websocket_stack.tasks.runs import Run, State, digest_of, key_of
from websocket_stack.tasks.settings import TaskSettings
from websocket_stack.tasks.sign_in import TokenVerifier
from websocket_stack.tasks.wiring import Parts, parts_of

# Unless it has signed in by then, a connection is closed.
SIGN_IN_SECONDS = 10
UNAVAILABLE = "The service cannot take requests at the moment. Please try again."


class Submit:
    """Answers the events of the WebSocket API.

    Args:
        settings: the environment.
        runs: the runs.
        owners: what their owners run.
        callers: who is on which connection.
        channel: where frames go.
        invoke: calls the worker with an event, and does not wait for it.
        sleep: waits so many seconds.
    """

    def __init__(  # noqa: PLR0913
        self,
        settings: TaskSettings,
        runs: RunTable,
        owners: Owners,
        callers: Callers,
        channel: Channel,
        invoke: Callable[[Mapping[str, Any]], object],
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._runs = runs
        self._owners = owners
        self._callers = callers
        self._channel = channel
        self._invoke = invoke
        self._sleep = sleep

    def handle(self, event: Mapping[str, Any]) -> Mapping[str, int]:
        """Answer one event with the status that API Gateway acts on."""
        context = event["requestContext"]
        match context["eventType"]:
            case "CONNECT":
                return {"statusCode": self._callers.connect(context)}
            case "DISCONNECT":
                self._callers.leave(context["connectionId"])
            case "MESSAGE":
                self._receive(context["connectionId"], event.get("body") or "")
        return {"statusCode": 200}

    # --- messages

    def _receive(self, connection_id: str, body: str) -> None:
        address = Address("task")
        try:
            if len(body.encode("utf-8", "surrogatepass")) > self._settings.message_bytes:
                problem = f"a message has at most {self._settings.message_bytes} bytes"
                raise InvalidRequest(address, problem, "TooLarge")
            request = parse(body)
            if isinstance(request, Ask):
                address = request.address
            self._answer(connection_id, request)
        except InvalidRequest as exc:
            self._post(connection_id, *refusal(exc.address, exc.kind, str(exc)))
        except (ClientError, BotoCoreError) as exc:
            log_failure("a request could not be taken", exc)
            self._post(connection_id, *refusal(address, "Unavailable", UNAVAILABLE, 503))

    def _answer(self, connection_id: str, request: object) -> None:
        match request:
            case Ask():
                self._ask(connection_id, request)
            case Stop(address):
                self._stop(connection_id, address)
            case Resume(address, received):
                self._resume(connection_id, address, received)
            case SignIn(token):
                self._callers.sign_in(connection_id, token)
                self._post(connection_id, SIGNED_IN)
            case Ping():
                self._post(connection_id, PONG)

    def _ask(self, connection_id: str, ask: Ask) -> None:
        owner = self._callers.owner_of(connection_id, ask.address)
        name = ask.data.get("conversation") if ask.type == "message" else None
        if name and owner.startswith(ANONYMOUS) and len(name) < LEAST_NAME_CHARACTERS:
            problem = f"conversation has at least {LEAST_NAME_CHARACTERS} characters here"
            raise InvalidRequest(ask.address, problem)
        # A message without a name of its own is one at a time on its connection.
        address, opaque = ask.address, uuid4().hex
        if ask.address.id is None:
            address = Address("message", ["of", connection_id])
        run = Run(
            key=key_of(owner, address),
            owner=owner,
            address=ask.address,
            digest=digest_of([ask.type, ask.data] if address is ask.address else opaque),
            connection_id=connection_id,
            detail=ask.detail,
        )
        there = self._claim(run)
        if there is not None:
            self._again(connection_id, run, there)
        elif not self._owners.admit(run):
            self._refuse(run, "TooManyRequests", "You have too many requests. Please wait.", 429)
        else:
            self._hand_over(run, ask)

    def _claim(self, run: Run) -> Run | None:
        there = self._runs.claim(run)
        # A client that has read the end may ask again before the worker has written it down.
        for pause in PAUSES_SECONDS:
            if there is None or there.digest == run.digest:
                break
            self._sleep(pause)
            there = self._runs.claim(run)
        return there

    def _hand_over(self, run: Run, ask: Ask) -> None:
        try:
            self._invoke({"run": run.key, "type": ask.type, "data": ask.data})
        except (ClientError, BotoCoreError) as exc:
            log_failure("the worker could not be called", exc)
            self._owners.leave(run)
            self._refuse(run, "Unavailable", UNAVAILABLE, 503)

    def _again(self, connection_id: str, run: Run, there: Run) -> None:
        """Answer what was asked before: it is not asked again, but had from where it is."""
        if there.address.id is None:
            # The one that runs is answered, and ended by its own end.
            busy = "Please wait for the reply to your last message."
            self._post(connection_id, chat_frame("blank", busy, None, 409))
        elif there.digest != run.digest:
            problem = "another request with this id is still running"
            raise InvalidRequest(run.address, problem, "IdInUse")
        elif there.state is State.DONE:
            replay(there, 0, self._channel, connection_id)
        elif there.connection_id != connection_id:
            self._attach(connection_id, there, 0)

    def _refuse(self, run: Run, kind: str, message: str, status: int) -> None:
        """End a run that was claimed, and say why; the same may be asked again."""
        self._runs.drop(run)
        self._post(run.connection_id, *refusal(run.address, kind, message, status))

    # --- commands

    def _stop(self, connection_id: str, address: Address | None) -> None:
        owner = self._callers.owner_of(connection_id, address or Address("task"))
        if address is None:
            for run in self._owners.running(owner):
                self._runs.stop(run.key)
        elif self._runs.stop(key_of(owner, address)) is None:
            self._find(owner, address)

    def _resume(self, connection_id: str, address: Address, received: int | None) -> None:
        owner = self._callers.owner_of(connection_id, address)
        run = self._find(owner, address)
        if run.state is State.DONE:
            replay(run, received, self._channel, connection_id)
        elif run.connection_id != connection_id:
            self._attach(connection_id, run, received)

    def _attach(self, connection_id: str, run: Run, received: int | None) -> None:
        if self._runs.attach(run.key, connection_id, received) is None:
            # It ended meanwhile.
            if (ended := self._runs.find(run.key)) is not None:
                replay(ended, received, self._channel, connection_id)

    def _find(self, owner: str, address: Address) -> Run:
        run = self._runs.find(key_of(owner, address))
        if run is None:
            raise InvalidRequest(address, f"there is no {address.door} with this id", "Unknown")
        return run

    def _post(self, connection_id: str, *payloads: str) -> None:
        post_all(self._channel, connection_id, payloads)


def _submit_of(environ: Mapping[str, str]) -> Submit:
    parts = parts_of(environ)
    settings = parts.settings
    config = Config(connect_timeout=2, read_timeout=5, tcp_keepalive=True)
    lambda_client = parts.make_client("lambda", region_name=parts.region, config=config)

    def invoke(event: Mapping[str, Any]) -> None:
        lambda_client.invoke(
            FunctionName=settings.worker, InvocationType="Event", Payload=json.dumps(event)
        )

    callers = _callers_of(parts, config)
    return Submit(settings, parts.runs, parts.owners, callers, parts.channel, invoke)


def _callers_of(parts: Parts, config: Config) -> Callers:
    settings = parts.settings
    connections = Connections(parts.dynamodb, settings.table)
    if settings.sign_in != "jwt":
        return Callers(settings.sign_in, connections)
    sqs = parts.make_client("sqs", region_name=parts.region, config=config)

    def expect_sign_in(connection_id: str) -> None:
        sqs.send_message(
            QueueUrl=settings.sign_in_queue,
            MessageBody=connection_id,
            DelaySeconds=SIGN_IN_SECONDS,
        )

    verifier = TokenVerifier.of(settings)
    return Callers("jwt", connections, expect_sign_in=expect_sign_in, verifier=verifier)


# At import, where Lambda gives the most CPU.
_submit = _submit_of(os.environ) if "AWS_LAMBDA_FUNCTION_NAME" in os.environ else None


def lambda_handler(event: Mapping[str, Any], context: object) -> Mapping[str, int]:
    """Answer one event of the WebSocket API."""
    assert _submit is not None
    return _submit.handle(event)
