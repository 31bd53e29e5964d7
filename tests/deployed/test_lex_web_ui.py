"""Our streaming template takes the place of Lex Web UI's own in one update, and the other way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import cfn_flip
import pytest

from tests.deployed.emulated_account import EmulatedAccount
from tests.deployed.stock_template import IDENTITIES, OUTPUTS, PARAMETERS, parent, streaming_support
from websocket_stack.project import TEMPLATES

pytestmark = pytest.mark.deployed
OURS = TEMPLATES / "streaming-support.yaml"
BUCKET = "lex-web-ui-bootstrap"
STOCK_KEY, OUR_KEY = "stock", "ours"


@pytest.fixture(scope="module")
def templates(aws: EmulatedAccount) -> Iterator[Any]:
    """Stock's template and ours in a bucket; returns their URLs."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=STOCK_KEY, Body=json.dumps(streaming_support()))
    s3.put_object(Bucket=BUCKET, Key=OUR_KEY, Body=OURS.read_bytes())
    yield {
        key: f"https://{BUCKET}.s3.us-east-1.amazonaws.com/{key}" for key in (STOCK_KEY, OUR_KEY)
    }
    for key in (STOCK_KEY, OUR_KEY):
        s3.delete_object(Bucket=BUCKET, Key=key)
    s3.delete_bucket(Bucket=BUCKET)


def post(aws: Any, stack: Any, session_id: str, data: bytes) -> None:
    """Post to a session's connection, as the fulfillment Lambda finds it."""
    rows = {row["sessionId"]["S"]: row for row in aws.rows(stack.outputs["DynamoTableName"])}
    aws.session.client(
        "apigatewaymanagementapi",
        endpoint_url=stack.outputs["WebSocketEndpoint"].replace("wss://", "https://"),
    ).post_to_connection(ConnectionId=rows[session_id]["connectionId"]["S"], Data=data)


@pytest.mark.parametrize(("first", "second"), [(STOCK_KEY, OUR_KEY), (OUR_KEY, STOCK_KEY)])
def test_one_takes_the_others_place(
    aws: EmulatedAccount, templates: Any, first: str, second: str, stack_name: str
) -> None:
    """API and table stay, browsers that were there still get frames, and others can connect."""
    stack = aws.put_stack(stack_name, parent(), StreamingSupportTemplate=templates[first])
    with aws.browser(stack, "before") as socket:
        swapped = aws.put_stack(stack_name, parent(), StreamingSupportTemplate=templates[second])
        # With the API's id and the table's name.
        assert swapped.outputs == stack.outputs
        post(aws, swapped, "before", b"still here")
        assert socket.recv(timeout=5) == "still here"
        with aws.browser(swapped, "after"):
            rows = {row["sessionId"]["S"] for row in aws.rows(stack.outputs["DynamoTableName"])}
            assert {"before", "after"} <= rows
            assert any(row.startswith("connection/") for row in rows) or second == STOCK_KEY


def test_what_has_an_identity_has_stocks_id() -> None:
    ours = cfn_flip.load(OURS.read_text("utf-8"))[0]
    for name, (type, properties) in IDENTITIES.items():
        resource = ours["Resources"][name]
        assert resource["Type"] == type
        for each in ("StageName", "RouteKey", "ProtocolType", "KeySchema", "AttributeDefinitions"):
            if each in properties:
                assert resource["Properties"][each] == properties[each]
    assert ours["Parameters"].keys() >= set(PARAMETERS)
    assert ours["Outputs"].keys() >= OUTPUTS.keys()
