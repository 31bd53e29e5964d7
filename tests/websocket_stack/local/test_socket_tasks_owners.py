"""Clients that sign in with tokens, over the sockets of the local stack."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from websockets.sync.client import ClientConnection, connect

from fulfillment.testing import ScriptedModel
from fulfillment.testing.scripted_model import Step
from tests import issuer
from tests.issuer import AUDIENCE, ISSUER, KEYS_PATH, token
from tests.stack_fixture import running_app, running_stack
from tests.task_clients import PATIENT_SECONDS, read, read_tasks, say, submit
from websocket_stack.local.bedrock import routes as bedrock_routes

pytestmark = pytest.mark.slow

SIGNED_IN = {"action": "signed-in"}


class GatedModel:
    """A model whose reply has a beginning and, once it is told to, a rest.

    Attributes:
        go_on: has it write the rest.
        calls: what it was asked, and its answers.
    """

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.calls = ScriptedModel([])
        self.renew()

    def renew(self) -> None:
        self.go_on.clear()
        script: list[Step] = ["Once upon ", self.go_on, "a time", threading.Event()]
        self.calls = ScriptedModel(script, repeats=True)

    def ask(self, prompt: Any) -> Any:
        return self.calls.ask(prompt)


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[str, GatedModel]]:
    """A stack whose clients sign in, and its model; nobody is waited for who has gone."""
    model = GatedModel()
    with running_app(Starlette(routes=issuer.routes())) as keys:
        environ = {
            "FLUSH_INTERVAL_SECONDS": "0.02",
            "GRACE_SECONDS": "0",
            "SIGN_IN": "jwt",
            "JWT_ISSUER": ISSUER,
            "JWT_AUDIENCE": AUDIENCE,
            "JWT_KEYS_URL": keys + KEYS_PATH,
        }
        routes = bedrock_routes.routes(model)
        with running_stack(model_routes=routes, environ=environ) as origin:
            yield f"{origin.replace('http', 'ws', 1)}/dev", model


@pytest.fixture
def address(running: Any) -> str:
    origin: str = running[0]
    return origin


@pytest.fixture
def model(running: Any) -> GatedModel:
    running[1].renew()
    model: GatedModel = running[1]
    return model


@contextmanager
def stranger(address: str) -> Iterator[ClientConnection]:
    with connect(address, proxy=None, open_timeout=PATIENT_SECONDS) as socket:
        yield socket


@contextmanager
def user(address: str, name: str) -> Iterator[ClientConnection]:
    with stranger(address) as socket:
        assert sign_in(socket, sub=name) == SIGNED_IN
        yield socket


def sign_in(socket: ClientConnection, **claims: Any) -> dict[str, Any]:
    say(socket, action="sign-in", token=token(**claims))
    return read(socket)


def error_of(socket: ClientConnection) -> str:
    kind: str = read(socket)["response"]["errorType"]
    return kind


def test_nothing_is_done_for_strangers(address: Any, model: Any) -> None:
    with stranger(address) as socket:
        submit(socket, "1", "llm-streamer", question="A story")
        assert error_of(socket) == "NotSignedIn"
        say(socket, action="sign-in", token="nonsense")
        assert error_of(socket) == "InvalidToken"
        say(socket, action="stop")
        assert error_of(socket) == "NotSignedIn"
    assert model.calls.prompts == []


def test_a_sign_in_is_renewed_while_a_task_runs(address: Any, model: Any) -> None:
    with stranger(address) as socket:
        # Tokens have a leeway, and sign-ins have none.
        assert sign_in(socket, sub="renewing", exp=time.time() - 5) == SIGNED_IN
        submit(socket, "1", "llm-streamer", question="A story")
        assert error_of(socket) == "SignInExpired"
        assert sign_in(socket, sub="renewing") == SIGNED_IN
        submit(socket, "1", "llm-streamer", question="A story")
        assert read(socket)["response"] == "Once upon "
        assert sign_in(socket, sub="renewing") == SIGNED_IN
        assert sign_in(socket, sub="another")["response"]["errorType"] == "InvalidToken"
        say(socket, action="stop", task={"id": "1"})
        assert read_tasks(socket, "1")["1"].output == "Finished"


def test_who_comes_back_from_another_socket_has_the_rest(address: Any, model: Any) -> None:
    with user(address, "coming back") as first:
        submit(first, "1", "llm-streamer", question="A story")
        assert read(first)["response"] == "Once upon "
    with user(address, "coming back") as second:
        say(second, action="resume", task={"id": "1"}, received=len("Once up"))
        # It has what it lacked; then it stops what only it can stop.
        assert read(second)["response"] == "on "
        model.go_on.set()
        assert read(second)["response"] == "a time"
        say(second, action="stop", task={"id": "1"})
        assert read_tasks(second, "1")["1"].output == "Finished"
        # What is over is had too, and the model is not asked for it.
        say(second, action="resume", task={"id": "1"}, received=0)
        assert read_tasks(second, "1")["1"].text == "Once upon a time"
    assert len(model.calls.prompts) == 1


def test_the_model_is_stopped_for_who_does_not_come_back(address: Any, model: Any) -> None:
    with user(address, "gone") as socket:
        submit(socket, "1", "llm-streamer", question="A story")
        assert read(socket)["response"] == "Once upon "
    model.go_on.set()
    assert model.calls.streams[0].closed.wait(PATIENT_SECONDS)


@pytest.mark.parametrize("action", ["stop", "resume"])
def test_another_user_reaches_nothing(address: Any, model: Any, action: Any) -> None:
    with user(address, f"owner {action}") as owner, user(address, f"other {action}") as other:
        submit(owner, "1", "llm-streamer", question="A story")
        assert read(owner)["response"] == "Once upon "
        say(other, action=action, task={"id": "1"})
        assert error_of(other) == "Unknown"
        # Of all that is the other's, which is nothing.
        say(other, action="stop")
        say(other, action="ping")
        assert read(other) == {"action": "pong"}
        model.go_on.set()
        assert read(owner)["response"] == "a time"
        say(owner, action="stop")
        assert read_tasks(owner, "1")["1"].output == "Finished"
