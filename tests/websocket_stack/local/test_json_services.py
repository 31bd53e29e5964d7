"""The services that share the path ``/``, as they go over the wire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from stack_fixture import client
from websocket_stack.local.aws_json import ServiceError, error_response
from websocket_stack.local.cognito.service import CognitoIdentity
from websocket_stack.local.json_services import COGNITO_TARGET, ByTarget, cognito_identity

GET_ID = f"{COGNITO_TARGET}.GetId"
POOL = "us-east-1:00000000-0000-0000-0000-000000000000"


@pytest.fixture
def http() -> Iterator[TestClient]:
    services = {
        COGNITO_TARGET: cognito_identity(CognitoIdentity()),
        "Other_20120810": PlainTextResponse("the other"),
    }
    app = Starlette(
        routes=[Route("/", ByTarget(services, frozenset({"Other_20120810"})), methods=["POST"])],
        exception_handlers={ServiceError: error_response},
    )
    with TestClient(app) as made:
        yield made


def test_a_call_goes_to_the_service_that_its_target_names(http) -> None:
    other = http.post("/", headers={"x-amz-target": "Other_20120810.GetItem"})
    cognito = http.post("/", headers={"x-amz-target": GET_ID}, json={"IdentityPoolId": POOL})

    assert other.text == "the other"
    assert list(cognito.json()) == ["IdentityId"]
    assert cognito.headers["content-type"] == "application/x-amz-json-1.1"
    assert cognito.headers["x-amzn-requestid"]


def test_a_private_service_is_not_for_pages(http) -> None:
    page = {"origin": "https://example.com"}
    refused = http.post("/", headers={"x-amz-target": "Other_20120810.GetItem", **page})
    taken = http.post("/", headers={"x-amz-target": GET_ID, **page}, json={"IdentityPoolId": POOL})

    assert (refused.status_code, taken.status_code) == (403, 200)
    assert refused.headers["x-amzn-errortype"] == "AccessDeniedException"


@pytest.mark.parametrize("target", [None, "", "GetId", f"{COGNITO_TARGET}V2.GetId", "other"])
def test_a_call_of_another_service_is_unknown(http, target) -> None:
    response = http.post("/", headers={"x-amz-target": target} if target is not None else {})

    assert response.status_code == 404
    assert response.headers["x-amzn-errortype"] == "UnknownOperationException"


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        (GET_ID, b"{}", "ValidationException"),
        (GET_ID, b"", "ValidationException"),
        (GET_ID, b"not JSON", "ValidationException"),
        (GET_ID, b"[]", "ValidationException"),
        (COGNITO_TARGET, b"{}", "UnknownOperationException"),
        (f"{COGNITO_TARGET}.", b"{}", "UnknownOperationException"),
        (f"{COGNITO_TARGET}.GetId.GetId", b"{}", "UnknownOperationException"),
    ],
)
def test_an_error_has_its_name_in_the_body(http, target, body, code) -> None:
    response = http.post("/", headers={"x-amz-target": target}, content=body)

    assert response.status_code == 400
    assert response.json()["__type"] == response.headers["x-amzn-errortype"] == code
    assert response.headers["content-type"] == "application/x-amz-json-1.1"


def test_boto3_is_told_what_is_not_emulated(stack_url) -> None:
    with closing(client("cognito-identity", stack_url)) as cognito:
        with pytest.raises(cognito.exceptions.ClientError) as refused:
            cognito.list_identity_pools(MaxResults=1)
    assert refused.value.response["Error"]["Code"] == "UnknownOperationException"


def test_boto3_finds_both_services_of_the_running_stack_at_one_address(stack_url, dynamodb) -> None:
    with closing(client("cognito-identity", stack_url)) as cognito:
        assert cognito.get_id(IdentityPoolId=POOL)["IdentityId"]
    assert dynamodb.list_tables()["TableNames"]
