"""$connect and $disconnect against moto's DynamoDB."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import boto3
import pytest
from botocore.config import Config

from fulfillment.channels.session_table import SessionTable
from fulfillment.errors import AddressContested
from tests.moto_aws import dynamodb_table
from websocket_stack import registration
from websocket_stack.registration import Registration

pytestmark = pytest.mark.slow

NOW = 1_734_711_312.9
IDENTITY = "us-east-1:a8e1f7b2-b20d-441c-9698-aff8b519d8d5"


@pytest.fixture
def sessions() -> Iterator[tuple[Any, str]]:
    with dynamodb_table("sessionId") as client_and_table:
        yield client_and_table


@pytest.fixture
def client(sessions: tuple[Any, str]) -> Any:
    return sessions[0]


@pytest.fixture
def table(sessions: tuple[Any, str]) -> str:
    return sessions[1]


@pytest.fixture
def rows(client: Any, table: str) -> Callable[[], dict[str, Any]]:
    def read() -> dict[str, Any]:
        return {item["sessionId"]["S"]: item for item in client.scan(TableName=table)["Items"]}

    return read


@pytest.fixture
def handle(client: Any, table: str) -> Callable[[dict[str, Any]], dict[str, int]]:
    return Registration(client, table, allow_anonymous=True, now=lambda: NOW).handle


def connect(
    query: dict[str, str] | None, connection_id: str = "DGSykeXooAMCFPQ=", **identity: Any
) -> dict[str, Any]:
    event: dict[str, Any] = {
        "headers": {"Host": "m932ywd2od.execute-api.us-east-1.amazonaws.com"},
        "requestContext": {
            "routeKey": "$connect",
            "eventType": "CONNECT",
            "identity": {"sourceIp": "5.28.189.17", **identity},
            "connectionId": connection_id,
        },
        "isBase64Encoded": False,
    }
    return event if query is None else event | {"queryStringParameters": query}


def disconnect(connection_id: str = "DGSykeXooAMCFPQ=") -> dict[str, Any]:
    return {
        "requestContext": {
            "routeKey": "$disconnect",
            "eventType": "DISCONNECT",
            "disconnectStatusCode": 1001,
            "identity": {"sourceIp": "5.28.189.17"},
            "connectionId": connection_id,
        },
        "isBase64Encoded": False,
    }


def test_connect_writes_a_row_that_lives_long_enough(
    handle: Callable[[dict[str, Any]], dict[str, int]], rows: Callable[[], dict[str, Any]]
) -> None:
    assert handle(connect({"sessionId": IDENTITY})) == {"statusCode": 200}

    assert rows()[IDENTITY] == {
        "sessionId": {"S": IDENTITY},
        "connectionId": {"S": "DGSykeXooAMCFPQ="},
        # Whole seconds: DynamoDB's expiry ignores any other number.
        "ttl": {"N": str(1_734_711_312 + 7200 + 300)},
    }


def test_connect_keeps_who_signed_as_the_owner(
    handle: Callable[[dict[str, Any]], dict[str, int]], rows: Callable[[], dict[str, Any]]
) -> None:
    handle(connect({"sessionId": "session-1"}, cognitoIdentityId=IDENTITY))

    assert rows()["session-1"]["owner"] == {"S": IDENTITY}


def test_an_owners_row_outlives_the_connection_by_a_day(
    handle: Callable[[dict[str, Any]], dict[str, int]], rows: Callable[[], dict[str, Any]]
) -> None:
    handle(connect({"sessionId": "session-1"}, cognitoIdentityId=IDENTITY))

    assert rows()["session-1"]["ttl"] == {"N": str(1_734_711_312 + 7500 + 86_400)}


# Of an identity pool's guests, API Gateway names the one only by the id.
OF_EVERY_GUEST = "arn:aws:sts::123456789012:assumed-role/Guests/CognitoIdentityCredentials"
SIGNER = "arn:aws:sts::123456789012:assumed-role/Server/signer"
NAMELESS = [
    {},
    {"cognitoIdentityId": ""},
    {"cognitoIdentityId": None},
    {"cognitoIdentityId": ["us-east-1:a"]},
    {"cognitoIdentityId": "us-east-1:\ud83d"},
    {"userArn": OF_EVERY_GUEST},
    {"userArn": OF_EVERY_GUEST, "cognitoIdentityId": ""},
    {"userArn": {}},
]


@pytest.mark.parametrize("identity", NAMELESS)
def test_without_a_signer_there_is_no_owner(
    handle: Callable[[dict[str, Any]], dict[str, int]],
    rows: Callable[[], dict[str, Any]],
    identity: dict[str, Any],
) -> None:
    handle(connect({"sessionId": "session-1"}, **identity))

    assert "owner" not in rows()["session-1"]


@pytest.mark.parametrize("identity", NAMELESS)
def test_callers_who_cannot_be_told_apart_are_refused(
    guarded: Callable[[dict[str, Any]], int],
    rows: Callable[[], dict[str, Any]],
    identity: dict[str, Any],
) -> None:
    assert guarded(connect({"sessionId": "session-1"}, **identity)) == 401
    assert rows() == {}


def test_a_context_without_an_identity_registers(
    handle: Callable[[dict[str, Any]], dict[str, int]], rows: Callable[[], dict[str, Any]]
) -> None:
    event = connect({"sessionId": "session-1"})
    del event["requestContext"]["identity"]

    assert handle(event) == {"statusCode": 200}
    assert "session-1" in rows()


@pytest.mark.parametrize(
    "query",
    [
        None,
        {},
        {"session": "session-1"},
        {"sessionId": ""},
        {"sessionId": "x"},
        {"sessionId": "x" * 101},
        {"sessionId": "session 1"},
        {"sessionId": "connection/DGSykeXooAMCFPQ="},
        {"sessionId": "session-1\n"},
        {"sessionId": "séance"},
    ],
)
def test_connect_without_a_valid_session_is_refused(
    handle: Callable[[dict[str, Any]], dict[str, int]],
    rows: Callable[[], dict[str, Any]],
    query: dict[str, str] | None,
) -> None:
    assert handle(connect(query)) == {"statusCode": 400}
    assert rows() == {}


def test_a_null_query_is_refused(
    handle: Callable[[dict[str, Any]], dict[str, int]], rows: Callable[[], dict[str, Any]]
) -> None:
    event = connect(None) | {"queryStringParameters": None}

    assert handle(event) == {"statusCode": 400}
    assert rows() == {}


@pytest.mark.parametrize("session_id", ["ab", "x" * 100, "a.b_c:d-E9"])
def test_every_session_that_lex_takes_may_register(
    handle: Callable[[dict[str, Any]], dict[str, int]],
    rows: Callable[[], dict[str, Any]],
    session_id: str,
) -> None:
    assert handle(connect({"sessionId": session_id})) == {"statusCode": 200}
    assert session_id in rows()


def test_disconnect_leaves_a_session_without_connection(
    handle: Callable[[dict[str, Any]], dict[str, int]], rows: Callable[[], dict[str, Any]]
) -> None:
    handle(claim("session-1", IDENTITY))
    before = rows()["session-1"]

    assert handle(disconnect("first=")) == {"statusCode": 200}
    del before["connectionId"]
    assert rows() == {"session-1": before} | claims(rows())


def test_disconnect_leaves_a_newer_connection(
    handle: Callable[[dict[str, Any]], dict[str, int]], rows: Callable[[], dict[str, Any]]
) -> None:
    handle(claim("session-1", IDENTITY, "old="))
    handle(claim("session-1", IDENTITY, "new="))

    assert handle(disconnect("old=")) == {"statusCode": 200}
    assert rows()["session-1"]["connectionId"] == {"S": "new="}
    assert handle(disconnect("old=")) == {"statusCode": 200}
    assert rows()["session-1"]["connectionId"] == {"S": "new="}

    assert handle(disconnect("new=")) == {"statusCode": 200}
    assert "connectionId" not in rows()["session-1"]


def test_disconnect_leaves_other_sessions(
    handle: Callable[[dict[str, Any]], dict[str, int]], rows: Callable[[], dict[str, Any]]
) -> None:
    handle(connect({"sessionId": "session-1"}, "one="))
    handle(connect({"sessionId": "session-2"}, "two="))
    handle(disconnect("one="))

    assert rows()["session-2"]["connectionId"] == {"S": "two="}
    assert "connectionId" not in rows()["session-1"]


def test_a_reference_that_leads_nowhere_is_deleted(
    handle: Callable[[dict[str, Any]], dict[str, int]],
    rows: Callable[[], dict[str, Any]],
    client: Any,
    table: str,
) -> None:
    client.put_item(TableName=table, Item={"sessionId": {"S": "connection/first="}})

    assert handle(disconnect("first=")) == {"statusCode": 200}
    assert rows() == {}


def test_an_unknown_connection_may_disconnect(
    handle: Callable[[dict[str, Any]], dict[str, int]], rows: Callable[[], dict[str, Any]]
) -> None:
    assert handle(disconnect("unknown=")) == {"statusCode": 200}
    assert rows() == {}


def test_a_message_is_taken_and_changes_nothing(
    handle: Callable[[dict[str, Any]], dict[str, int]], rows: Callable[[], dict[str, Any]]
) -> None:
    event = disconnect()
    event["requestContext"] |= {"routeKey": "ping", "eventType": "MESSAGE"}

    assert handle(event) == {"statusCode": 200}
    assert rows() == {}


def test_every_row_expires(
    handle: Callable[[dict[str, Any]], dict[str, int]], rows: Callable[[], dict[str, Any]]
) -> None:
    handle(connect({"sessionId": "session-1"}))

    assert {row["ttl"]["N"] for row in rows().values()} == {str(1_734_711_312 + 7500)}


@pytest.mark.parametrize("connection_id", [None, "", 5, {}, "\ud83d", "x" * 1001, "a b"])
@pytest.mark.parametrize("event", [connect({"sessionId": "session-1"}), disconnect()])
def test_an_event_without_a_connection_is_refused(
    handle: Callable[[dict[str, Any]], dict[str, int]],
    rows: Callable[[], dict[str, Any]],
    event: dict[str, Any],
    connection_id: str | int | dict[str, Any] | None,
) -> None:
    context = event["requestContext"] | {"connectionId": connection_id}

    assert handle(event | {"requestContext": context}) == {"statusCode": 400}
    assert rows() == {}


@pytest.mark.parametrize("query", ["sessionId=x", ["sessionId"], {"sessionId": ["session-1"]}])
def test_a_query_of_another_shape_is_refused(
    handle: Callable[[dict[str, Any]], dict[str, int]],
    rows: Callable[[], dict[str, Any]],
    query: Any,
) -> None:
    event = connect(None) | {"queryStringParameters": query}

    assert handle(event) == {"statusCode": 400}
    assert rows() == {}


@pytest.mark.parametrize("event", [None, [], "x", {}, {"requestContext": None}, {"Records": []}])
def test_an_event_of_another_service_changes_nothing(
    handle: Callable[[dict[str, Any]], dict[str, int]],
    rows: Callable[[], dict[str, Any]],
    event: Any,
) -> None:
    assert handle(event) == {"statusCode": 200}
    assert rows() == {}


@pytest.mark.parametrize("identity", [None, "somebody", ["a"], 5])
def test_an_identity_of_another_shape_is_nobodys(
    guarded: Callable[[dict[str, Any]], int],
    rows: Callable[[], dict[str, Any]],
    identity: str | int | list[str] | None,
) -> None:
    event = connect({"sessionId": "session-1"})
    event["requestContext"]["identity"] = identity

    assert guarded(event) == 401
    assert rows() == {}


@pytest.mark.parametrize("event", [connect({"sessionId": "session-1"}), disconnect()])
def test_a_table_that_refuses_is_a_server_error(client: Any, event: dict[str, Any]) -> None:
    assert Registration(client, "no-such-table", allow_anonymous=True).handle(event) == {
        "statusCode": 500
    }


def test_an_unreachable_table_is_a_server_error() -> None:
    config = Config(connect_timeout=1, retries={"total_max_attempts": 1})
    with closing(
        boto3.client(
            "dynamodb",
            region_name="us-east-1",
            endpoint_url="http://127.0.0.1:1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=config,
        )
    ) as unreachable:
        event = connect({"sessionId": "session-1"})
        assert Registration(unreachable, "sessions", allow_anonymous=True).handle(event) == {
            "statusCode": 500
        }


@pytest.mark.parametrize("table_name", ["no-such-table", None])
def test_nothing_of_the_event_is_logged(
    client: Any,
    table: str,
    rows: Callable[[], dict[str, Any]],
    caplog: pytest.LogCaptureFixture,
    table_name: str | None,
) -> None:
    caplog.set_level(logging.DEBUG, logger=registration.__name__)
    handle = Registration(client, table_name or table, now=lambda: NOW).handle
    secrets = {"X-Amz-Signature": "5ec4e7", "X-Amz-Security-Token": "70ce4"}
    for session_id in ("session-of-mine", "not a session"):
        handle(connect({"sessionId": session_id, **secrets}, cognitoIdentityId=IDENTITY))
    handle(disconnect())

    logged = [record for record in caplog.records if record.name == registration.__name__]
    assert logged  # the refusal at least
    for record in logged:
        for secret in ("session-of-mine", "not a session", "5ec4e7", "70ce4", IDENTITY, "DGSyk"):
            assert secret not in record.getMessage()
        assert record.exc_info is None


def test_the_table_comes_from_the_environment(
    client: Any, table: str, rows: Callable[[], dict[str, Any]]
) -> None:
    environ = {"SESSION_TABLE": table, "ALLOW_ANONYMOUS": "true"}
    from_environ = registration._from_environ(environ)

    assert from_environ.handle(connect({"sessionId": "session-1"})) == {"statusCode": 200}
    assert "session-1" in rows()


@pytest.mark.parametrize("value", ["", "false", "no"])
def test_anonymous_callers_need_permission(
    table: str, rows: Callable[[], dict[str, Any]], value: str
) -> None:
    from_environ = registration._from_environ({"SESSION_TABLE": table, "ALLOW_ANONYMOUS": value})

    assert from_environ.handle(connect({"sessionId": "session-1"})) == {"statusCode": 401}
    assert rows() == {}


def test_the_handler_calls_the_registration() -> None:
    assert registration.lambda_handler(connect(None), None) == {"statusCode": 400}


# --- under attack

ME = "us-east-1:a8e1f7b2-b20d-441c-9698-aff8b519d8d5"
OTHER = "us-east-1:00000000-b20d-441c-9698-aff8b519d8d5"
GUESSABLE = "lex-web-ui-9a00"


# For how long an owner's row lives after a connect.
HELD = 7500 + 24 * 60 * 60


class Wall:
    """A wall clock that tests move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def guarded(client: Any, table: str, wall: Wall) -> Callable[[dict[str, Any]], int]:
    own = Registration(client, table, now=wall)
    return lambda event: own.handle(event)["statusCode"]


def claim(session_id: str, owner: str, connection_id: str = "first=") -> dict[str, Any]:
    return connect({"sessionId": session_id}, connection_id, cognitoIdentityId=owner)


def claims(rows: dict[str, Any]) -> dict[str, Any]:
    """Return the rows that count an owner's claims."""
    return {key: row for key, row in rows.items() if key.startswith("claims/")}


@pytest.mark.parametrize(("first", "second"), [(ME, OTHER), (OTHER, ME)])
def test_a_live_session_does_not_change_hands(
    guarded: Callable[[dict[str, Any]], int],
    rows: Callable[[], dict[str, Any]],
    first: str,
    second: str,
) -> None:
    assert guarded(claim(GUESSABLE, first)) == 200
    assert guarded(claim(GUESSABLE, second, "second=")) == 403

    row = rows()[GUESSABLE]
    assert (row["owner"]["S"], row["connectionId"]["S"]) == (first, "first=")
    assert row["contested"] == {"BOOL": True}


def test_the_fulfillment_sees_a_contest(
    guarded: Callable[[dict[str, Any]], int], client: Any, table: str, wall: Wall
) -> None:
    guarded(claim(GUESSABLE, ME))
    guarded(claim(GUESSABLE, OTHER))

    with pytest.raises(AddressContested):
        SessionTable(client, table, now=wall).find(GUESSABLE)


def test_the_owner_may_connect_again_and_last_wins(
    guarded: Callable[[dict[str, Any]], int], rows: Callable[[], dict[str, Any]]
) -> None:
    guarded(claim(GUESSABLE, ME))
    assert guarded(claim(GUESSABLE, ME, "second=")) == 200

    assert rows()[GUESSABLE]["connectionId"] == {"S": "second="}
    assert "contested" not in rows()[GUESSABLE]


def test_a_session_stays_contested_for_its_owner(
    guarded: Callable[[dict[str, Any]], int], rows: Callable[[], dict[str, Any]]
) -> None:
    guarded(claim(GUESSABLE, ME))
    guarded(claim(GUESSABLE, OTHER))
    guarded(claim(GUESSABLE, ME, "second="))
    assert rows()[GUESSABLE]["contested"] == {"BOOL": True}

    # Nor does leaving clear it: the other claimant may still be asking.
    guarded(disconnect("second="))
    assert rows()[GUESSABLE]["contested"] == {"BOOL": True}
    assert guarded(claim(GUESSABLE, ME, "third=")) == 200
    assert rows()[GUESSABLE]["contested"] == {"BOOL": True}


def test_a_contest_lasts_as_long_as_its_second_claimant_may_ask(
    guarded: Callable[[dict[str, Any]], int], rows: Callable[[], dict[str, Any]], wall: Wall
) -> None:
    guarded(claim(GUESSABLE, ME))
    wall.now += 7000
    guarded(claim(GUESSABLE, OTHER))

    assert rows()[GUESSABLE]["ttl"] == {"N": str(int(NOW) + 7000 + HELD)}


@pytest.mark.parametrize("seconds", [0, 7500, HELD - 1])
def test_a_session_stays_its_owners_without_a_connection(
    guarded: Callable[[dict[str, Any]], int],
    rows: Callable[[], dict[str, Any]],
    wall: Wall,
    seconds: int,
) -> None:
    guarded(claim(GUESSABLE, ME))
    guarded(disconnect("first="))
    wall.now += seconds

    assert guarded(claim(GUESSABLE, OTHER, "second=")) == 403
    row = rows()[GUESSABLE]
    assert (row["owner"], row["contested"]) == ({"S": ME}, {"BOOL": True})
    assert "connectionId" not in row


def test_the_owner_finds_their_session_again(
    guarded: Callable[[dict[str, Any]], int], rows: Callable[[], dict[str, Any]]
) -> None:
    guarded(claim(GUESSABLE, ME))
    guarded(disconnect("first="))

    assert guarded(claim(GUESSABLE, ME, "second=")) == 200
    assert rows()[GUESSABLE]["connectionId"] == {"S": "second="}


def test_an_expired_session_is_free_again(
    guarded: Callable[[dict[str, Any]], int], rows: Callable[[], dict[str, Any]], wall: Wall
) -> None:
    guarded(claim(GUESSABLE, ME))
    guarded(claim(GUESSABLE, OTHER))
    wall.now += HELD
    assert guarded(claim(GUESSABLE, OTHER, "second=")) == 200

    row = rows()[GUESSABLE]
    assert row["owner"] == {"S": OTHER}
    assert "contested" not in row


@pytest.mark.parametrize("session_id", [OTHER, OTHER.replace("us-east-1", "ap-southeast-2")])
def test_anothers_identity_is_no_session_id(
    guarded: Callable[[dict[str, Any]], int], rows: Callable[[], dict[str, Any]], session_id: str
) -> None:
    assert guarded(claim(session_id, ME)) == 403
    assert rows() == {}


def test_ones_own_identity_is(guarded: Callable[[dict[str, Any]], int]) -> None:
    assert guarded(claim(ME, ME)) == 200


def test_callers_without_cognito_are_owners_too(
    guarded: Callable[[dict[str, Any]], int], rows: Callable[[], dict[str, Any]]
) -> None:
    assert guarded(connect({"sessionId": GUESSABLE}, userArn=SIGNER)) == 200
    assert rows()[GUESSABLE]["owner"] == {"S": SIGNER}


@pytest.mark.parametrize(
    "query",
    [
        None,
        {},
        {"sessionId": ""},
        {"sessionid": GUESSABLE},
        {"sessionId": "x"},
        {"sessionId": "a" * 4096},
        {"sessionId": "connection/first="},
        {"sessionId": f"{GUESSABLE}\n"},
        {"sessionId": "gr\u00fcezi"},
        {"sessionId": "a' OR '1'='1"},
    ],
)
def test_an_odd_query_is_refused(
    guarded: Callable[[dict[str, Any]], int],
    rows: Callable[[], dict[str, Any]],
    query: dict[str, str] | None,
) -> None:
    assert guarded(connect(query, cognitoIdentityId=ME)) == 400
    assert rows() == {}


def test_a_row_of_the_stock_ui_may_be_taken(
    guarded: Callable[[dict[str, Any]], int],
    client: Any,
    table: str,
    rows: Callable[[], dict[str, Any]],
) -> None:
    item = {"sessionId": {"S": GUESSABLE}, "connectionId": {"S": "old="}, "ttl": {"N": "9e9"}}
    client.put_item(TableName=table, Item=item)
    assert guarded(claim(GUESSABLE, ME)) == 200
    assert rows()[GUESSABLE]["owner"] == {"S": ME}


def test_anonymous_callers_cannot_take_an_owners(
    guarded: Callable[[dict[str, Any]], int],
    handle: Callable[[dict[str, Any]], dict[str, int]],
    rows: Callable[[], dict[str, Any]],
) -> None:
    guarded(claim(GUESSABLE, ME))
    assert handle(connect({"sessionId": GUESSABLE}, "second=")) == {"statusCode": 403}
    assert rows()[GUESSABLE]["owner"] == {"S": ME}


def test_an_owners_own_expired_session_is_uncontested(
    guarded: Callable[[dict[str, Any]], int], rows: Callable[[], dict[str, Any]], wall: Wall
) -> None:
    guarded(claim(GUESSABLE, ME))
    guarded(claim(GUESSABLE, OTHER))
    wall.now += HELD

    assert guarded(claim(GUESSABLE, ME, "second=")) == 200
    assert "contested" not in rows()[GUESSABLE]


def test_only_the_owners_connects_count(
    guarded: Callable[[dict[str, Any]], int], rows: Callable[[], dict[str, Any]]
) -> None:
    guarded(claim(GUESSABLE, ME))
    for number in range(10):
        identity = f"us-east-1:{number:08d}-b20d-441c-9698-aff8b519d8d5"
        assert guarded(claim(GUESSABLE, identity, f"attack-{number}=")) == 403

    row = rows()[GUESSABLE]
    assert (row["owner"], row["connectionId"]) == ({"S": ME}, {"S": "first="})
    # An attack leaves nothing behind but the mark, and its own count.
    assert len(rows()) == 2 + len(claims(rows()))


@pytest.fixture
def spend(client: Any, table: str, rows: Callable[[], dict[str, Any]]) -> Callable[[int], None]:
    """Let the only owner whose claims are counted have claimed so many sessions."""

    def spend(number: int) -> None:
        [count] = claims(rows()).values()
        client.put_item(TableName=table, Item=count | {"claims": {"N": str(number)}})

    return spend


def test_an_identity_claims_so_many_sessions_a_day(
    guarded: Callable[[dict[str, Any]], int],
    rows: Callable[[], dict[str, Any]],
    spend: Callable[[int], None],
    wall: Wall,
) -> None:
    assert guarded(claim("session-1", OTHER)) == 200
    spend(98)
    statuses = [guarded(claim(f"session-{number}", OTHER)) for number in (99, 100, 101)]
    assert statuses == [200, 200, 429]
    guarded(claim(GUESSABLE, ME))
    # Nor may it contest the others' then.
    assert guarded(claim(GUESSABLE, OTHER)) == 429
    assert "contested" not in rows()[GUESSABLE]
    # Its own sessions are still its own.
    assert guarded(claim("session-1", OTHER)) == 200

    wall.now += 24 * 60 * 60
    assert guarded(claim("session-101", OTHER)) == 200


def test_a_claim_that_is_refused_counts_too(
    guarded: Callable[[dict[str, Any]], int], spend: Callable[[int], None]
) -> None:
    guarded(connect({"sessionId": GUESSABLE}, userArn=SIGNER))
    assert guarded(claim(GUESSABLE, OTHER)) == 403
    spend(99)
    assert [guarded(claim(GUESSABLE, OTHER)) for _ in range(2)] == [403, 429]


def test_counts_expire(
    guarded: Callable[[dict[str, Any]], int], rows: Callable[[], dict[str, Any]]
) -> None:
    guarded(claim(GUESSABLE, ME))
    [count] = claims(rows()).values()
    assert count["ttl"] == {"N": str(int(NOW) + 24 * 60 * 60)}


def test_principals_of_the_account_are_not_counted(
    guarded: Callable[[dict[str, Any]], int], rows: Callable[[], dict[str, Any]]
) -> None:
    """One may sign for all users of a server."""
    assert guarded(connect({"sessionId": GUESSABLE}, userArn=SIGNER)) == 200
    assert claims(rows()) == {}


@pytest.mark.parametrize("calls", range(4))
@pytest.mark.parametrize("rival", [OTHER, ME])
def test_of_two_who_claim_at_once_one_owner_wins(
    guarded: Callable[[dict[str, Any]], int],
    rows: Callable[[], dict[str, Any]],
    client: Any,
    rival: str,
    calls: int,
) -> None:
    """The rival comes before any of a claimant's calls of the table."""
    meantime = iter([False] * calls + [True])
    statuses = {}

    def interrupt(**_: Any) -> None:
        if next(meantime, False):
            statuses[rival] = guarded(claim(GUESSABLE, rival, "rival="))

    client.meta.events.register("before-call.dynamodb", interrupt)
    statuses["first"] = guarded(claim(GUESSABLE, ME))

    row = rows()[GUESSABLE]
    if rival == ME:
        assert statuses == {"first": 200, ME: 200}
        assert "contested" not in row
    else:
        assert sorted(statuses.values()) == [200, 403]
        assert row["owner"]["S"] == (ME if statuses["first"] == 200 else OTHER)
        assert row["contested"] == {"BOOL": True}
