"""Queries and mutations, answered as AppSync answers them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from websocket_stack.graphql.schema import schema
from websocket_stack.local.appsync.resolvers import echo
from websocket_stack.local.appsync.service import FieldError, GraphQlApi

ASK = """
mutation A($chatId: String!, $prompt: String!) { ask(chatId: $chatId, prompt: $prompt) { data } }
"""


async def fail(context: Any) -> None:
    raise FieldError("InvalidPrompt", "a prompt is not blank")


async def seen(context: Any) -> Any:
    return {
        "chatId": context["info"]["fieldName"],
        "data": str(context["info"]["selectionSetList"]),
    }


def answer(query: Any, *, mode: Any = "api_key", resolvers: Any = None, **request: Any) -> Any:
    api = GraphQlApi(schema(), {"Mutation.send": echo, **(resolvers or {})})
    return asyncio.run(api.query({"query": query, **request}, mode, None))


def test_a_field_without_a_resolver_is_null() -> None:
    assert answer("{ ping }") == {"data": {"ping": None}}


def test_a_resolver_is_given_its_context() -> None:
    asked = answer(ASK, variables={"chatId": "c", "prompt": "p"}, resolvers={"Mutation.ask": seen})
    assert asked == {"data": {"ask": {"data": "['data']"}}}


def test_send_is_not_for_the_api_key() -> None:
    query = 'mutation M {\n  send(chatId: "c", data: "d") { data }\n}'
    assert answer(query) == {
        "data": {"send": None},
        "errors": [
            {
                "path": ["send"],
                "data": None,
                "errorType": "Unauthorized",
                "errorInfo": None,
                "locations": [{"line": 2, "column": 3, "sourceName": None}],
                "message": "Not Authorized to access send on type Mutation",
            }
        ],
    }
    assert answer(query, mode="iam") == {"data": {"send": {"data": "d"}}}


def test_ask_is_not_for_signed_callers() -> None:
    (error,) = answer(ASK, mode="iam", variables={"chatId": "c", "prompt": "p"})["errors"]
    assert error["errorType"] == "Unauthorized"


def test_a_resolver_that_fails_is_an_error_of_its_field() -> None:
    asked = answer(ASK, variables={"chatId": "c", "prompt": ""}, resolvers={"Mutation.ask": fail})
    (error,) = asked["errors"]
    assert asked["data"] == {"ask": None}
    assert (error["errorType"], error["message"]) == ("InvalidPrompt", "a prompt is not blank")
    assert error["path"] == ["ask"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            'mutation { ask(chatId: "c", prompt: "p") { nope } }',
            "Validation error of type FieldUndefined: Field 'nope' in type 'ChatPayload' is"
            " undefined @ 'ask/nope'",
        ),
        (
            'mutation { ask(chatId: "c") { data } }',
            "Validation error of type MissingFieldArgument: Missing field argument prompt @ 'ask'",
        ),
        (
            'mutation { ask(chatId: "c", prompt: "p", x: 1) { data } }',
            "Validation error of type UnknownArgument: Unknown field argument x @ 'ask'",
        ),
        (
            "query($x: X) { ping }",
            "Validation error of type UnknownType: Unknown type X",
        ),
    ],
)
def test_an_invalid_document_is_worded_as_graphql_java_words_it(query: str, message: str) -> None:
    refused = answer(query)
    assert refused["data"] is None
    assert message in [error["message"] for error in refused["errors"]]
    assert all(error["path"] is None for error in refused["errors"])


@pytest.mark.parametrize("variables", [{"chatId": "c"}, {"chatId": "c", "prompt": None}])
def test_a_missing_variable_is_named(variables: dict[str, Any]) -> None:
    (error,) = answer(ASK, variables=variables)["errors"]
    assert error["message"] == "Variable 'prompt' has coerced Null value for NonNull type 'String!'"


def test_an_operation_may_be_named() -> None:
    document = "query A { ping } query B { b: ping }"
    assert answer(document, operationName="B") == {"data": {"b": None}}
    assert answer(document, operationName="C")["data"] is None
