"""What the functions of the tasks API read in their environment."""

from __future__ import annotations

import pytest

from fulfillment.settings import Settings
from tests.evaluator import Refused
from tests.websocket_stack.cloudformation.tasks_stack import (
    CUSTOM,
    JWT,
    NONE,
    RELAYED,
    evaluated,
    variables,
)
from websocket_stack.tasks.settings import TaskSettings

FUNCTIONS = ("Submit", "Worker", "Failures", "SignInDeadline", "Relay")


@pytest.mark.parametrize("title", FUNCTIONS)
def test_every_function_knows_table_and_api(title: str) -> None:
    settings = TaskSettings.from_environ(variables(evaluated(**JWT, **RELAYED), title))
    assert settings.table == "<TaskTable>"
    assert settings.endpoint == "https://abc123.execute-api.eu-central-1.amazonaws.com/dev"


@pytest.mark.parametrize(
    ("given", "sign_in"), [({}, "iam"), (JWT, "jwt"), (CUSTOM, "authorizer"), (NONE, "none")]
)
def test_clients_sign_in_as_the_parameter_says(given: dict[str, str], sign_in: str) -> None:
    settings = TaskSettings.from_environ(variables(evaluated(**given), "Submit"))
    assert settings.sign_in == sign_in
    assert bool(settings.sign_in_queue) is (given == JWT)


def test_tokens_are_those_of_an_issuer() -> None:
    settings = TaskSettings.from_environ(variables(evaluated(**JWT), "Submit"))
    assert (settings.issuer, settings.audience) == ("https://issuer.example", "chat")


def test_limits_are_those_of_the_parameters() -> None:
    given = {"TasksAtOnce": "2", "TasksAMinute": "5", "MessageBytes": "2048"}
    settings = TaskSettings.from_environ(variables(evaluated(**given), "Submit"))
    limits = (settings.tasks_at_once, settings.tasks_a_minute, settings.message_bytes)
    assert limits == (2, 5, 2048)


def test_limits_are_the_librarys_own_by_default() -> None:
    environ = variables(evaluated(), "Submit") | variables(evaluated(), "Worker")
    settings = TaskSettings.from_environ(environ)
    default = TaskSettings(settings.table, settings.endpoint, settings.worker, "iam")
    assert settings == default


def test_a_worker_asks_the_model_of_the_parameters() -> None:
    stack = evaluated(ModelId="meta.llama5", RememberConversations="true", GraceSeconds="5")
    settings = Settings.from_environ(variables(stack, "Worker"))
    assert settings.model_id == "meta.llama5"
    assert settings.conversation_table == "<ConversationTable>"
    assert TaskSettings.from_environ(variables(stack, "Worker")).grace_seconds == 5


def test_frames_are_relayed_where_that_is_wanted() -> None:
    for given, queue in ((RELAYED, "<RelayQueue>"), ({}, "")):
        stack = evaluated(**given)
        for title in ("Worker", "Failures"):
            assert variables(stack, title)["RELAY_QUEUE"] == queue


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SignIn", "BASIC"),
        ("JwtIssuer", "http://issuer.example"),
        ("AuthorizerArn", "who"),
        ("AuthorizerIdentitySource", "token"),
        ("StageName", "dev/1"),
        ("TaskSeconds", "1801"),
        ("GraceSeconds", "901"),
        ("MessageBytes", "131073"),
    ],
)
def test_a_value_of_another_form_is_refused(name: str, value: str) -> None:
    with pytest.raises(Refused, match=name):
        evaluated(**{name: value})
