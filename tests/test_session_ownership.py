"""Whose connection a turn's frames go to, whatever connects, disconnects, expires and comes late.

The registration and the fulfillment's look-up, on one table. Identities stand for browsers: each
may open pages on any session, and ask there with or without a connection, as Lex Web UI does.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule

from fulfillment.channels.session_table import SessionTable
from fulfillment.errors import AddressContested
from tests.moto_aws import dynamodb_table
from tests.profiles import examples
from websocket_stack.registration import Registration

pytestmark = pytest.mark.slow

ME = "us-east-1:a8e1f7b2-b20d-441c-9698-aff8b519d8d5"
OTHER = "us-east-1:00000000-b20d-441c-9698-aff8b519d8d5"
identities = st.sampled_from([ME, OTHER])
# An id that guests share by chance, or by guessing.
SESSION = "lex-web-ui-9a00"
HOUR = 60 * 60
# A page that was not used for so long is given up.
DAY = timedelta(days=1).total_seconds()


class Browsers(RuleBasedStateMachine):
    """Two identities on one session."""

    connections = Bundle("connections")

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.client, self.table = self.stack.enter_context(dynamodb_table("sessionId"))
        self.now = 1_800_000_000.5
        self.registration = Registration(self.client, self.table, now=lambda: self.now)
        self.look_up = SessionTable(self.client, self.table, now=lambda: self.now)
        self.identity_of: dict[str, str] = {}
        self.used_at: dict[str, float] = {}

    def teardown(self) -> None:
        self.stack.close()

    @rule(target=connections, identity=identities)
    def open_a_page(self, identity: str) -> str:
        connection = f"c{len(self.identity_of)}="
        self.identity_of[connection] = identity
        event = {
            "queryStringParameters": {"sessionId": SESSION},
            "requestContext": {
                "eventType": "CONNECT",
                "connectionId": connection,
                "identity": {"cognitoIdentityId": identity},
            },
        }
        assert self.registration.handle(event)["statusCode"] in (200, 403)
        # A page whose socket was refused asks like any other.
        self.used_at[identity] = self.now
        return connection

    @rule(identity=identities)
    def ask(self, identity: str) -> None:
        if self.now - self.used_at.get(identity, 0) >= DAY:
            return
        self.used_at[identity] = self.now
        with suppress(AddressContested):
            connection = self.look_up.find(SESSION)
            assert connection is None or self.identity_of[connection] == identity

    @rule(connection=connections)
    def hear_of_a_disconnect(self, connection: str) -> None:
        """At once, late, again, or never."""
        context = {"eventType": "DISCONNECT", "connectionId": connection}
        assert self.registration.handle({"requestContext": context}) == {"statusCode": 200}

    @rule(hours=st.sampled_from([0.01, 3, 12, 23]), sweeps=st.booleans())
    def wait(self, hours: float, sweeps: bool) -> None:
        """DynamoDB deletes what has expired, sooner or later."""
        self.now += hours * HOUR
        for row in self.client.scan(TableName=self.table)["Items"] if sweeps else []:
            if float(row["ttl"]["N"]) <= self.now:
                self.client.delete_item(TableName=self.table, Key={"sessionId": row["sessionId"]})


TestBrowsers = pytest.mark.slow(Browsers.TestCase)
TestBrowsers.settings = examples(
    0.2,
    stateful_step_count=20,
    # Each step is several calls of the table, so making a failure smaller would take minutes.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)


def test_a_page_that_asks_once_a_day_keeps_its_session() -> None:
    browsers = Browsers()
    try:
        connection = browsers.open_a_page(ME)
        browsers.hear_of_a_disconnect(connection)
        for _ in range(5):
            browsers.wait(23, sweeps=True)
            browsers.ask(ME)
        browsers.open_a_page(OTHER)
        browsers.ask(ME)
    finally:
        browsers.teardown()
