"""What the function of the GraphQL chat reads in its environment."""

from __future__ import annotations

import pytest

from fulfillment.settings import Settings
from tests.evaluator import Refused
from tests.websocket_stack.cloudformation.graphql_stack import AT_ONCE, URL, evaluated
from tests.websocket_stack.cloudformation.tasks_stack import variables
from websocket_stack.graphql.settings import ChatSettings


def test_it_knows_table_and_api() -> None:
    settings = ChatSettings.from_environ(variables(evaluated(), "Chat"))
    assert settings == ChatSettings("<TaskTable>", URL)


def test_limits_are_those_of_the_parameters() -> None:
    given = {"AsksAtOnce": "2", "AsksAMinute": "5", "PromptCharacters": "300"}
    settings = ChatSettings.from_environ(variables(evaluated(**given), "Chat"))
    assert settings[2:] == (2, 5, 300)


def test_it_asks_the_model_of_the_parameters() -> None:
    settings = Settings.from_environ(variables(evaluated(ModelId="meta.llama5"), "Chat"))
    assert settings.model_id == "meta.llama5"
    assert settings.conversation_table == "<ConversationTable>"


def test_a_reply_that_is_waited_for_ends_before_appsync_gives_up() -> None:
    assert evaluated().properties("Chat")["Timeout"] < 30
    assert evaluated(ReplySeconds="600").properties("Chat")["Timeout"] < 30
    stack = evaluated(**AT_ONCE, ReplySeconds="600")
    assert stack.properties("Chat")["Timeout"] == "600"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SignIn", "NONE"),
        ("ApiKeyExpires", "-1"),
        ("UserPoolId", "pool"),
        ("OidcIssuer", "http://issuer.example"),
        ("AskReturns", "later"),
        ("ReplySeconds", "1801"),
        ("PromptCharacters", "100001"),
        ("WebAclArn", "arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b"),
    ],
)
def test_a_value_of_another_form_is_refused(name: str, value: str) -> None:
    with pytest.raises(Refused, match=name):
        evaluated(**{name: value})
