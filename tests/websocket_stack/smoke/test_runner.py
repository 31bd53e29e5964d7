"""How checks end."""

from __future__ import annotations

import pytest
from botocore.exceptions import NoCredentialsError
from websockets.exceptions import ConnectionClosedOK, InvalidStatus, InvalidURI

from tests.websocket_stack.deployment.cloudformation_fakes import refusal
from tests.websocket_stack.smoke.smoke_fakes import FakeConnect, session
from websocket_stack.smoke.checks import CHECKS, Check
from websocket_stack.smoke.report import CheckFailed, CheckResult, CheckSkipped, Finding
from websocket_stack.smoke.runner import run_checks


def outcome(exc: Exception | None) -> CheckResult:
    def check(session: object) -> Finding:
        if exc is not None:
            raise exc
        return Finding("seen", {"n": 1})

    (result,) = run_checks(session(), [Check("a check", check)])
    return result


@pytest.mark.parametrize(
    ("exc", "status", "text"),
    [
        (None, "ok", "seen"),
        (CheckSkipped("why"), "skipped", "why"),
        (CheckFailed("how"), "failed", "how"),
        (NoCredentialsError(), "failed", "no AWS credentials found"),
        (refusal("the bot is\nnot built"), "failed", "Call: ValidationError: the bot is not built"),
        (ConnectionClosedOK(None, None), "failed", "ConnectionClosedOK"),
        (TimeoutError("…"), "failed", "TimeoutError"),
    ],
)
def test_each_check_has_an_outcome(exc: Exception | None, status: str, text: str) -> None:
    result = outcome(exc)

    assert (result.name, result.status) == ("a check", status)
    assert result.text.startswith(text)


def test_no_signature_is_in_a_report() -> None:
    for exc in (
        InvalidURI("wss://a.example/Prod?X-Amz-Signature=secret", "is odd"),
        OSError("wss://a.example/Prod?X-Amz-Signature=secret"),
    ):
        assert "Signature" not in outcome(exc).text


def test_a_refusal_says_its_status() -> None:
    with pytest.raises(InvalidStatus) as refused, FakeConnect(418)("wss://a.example"):
        pass

    assert outcome(refused.value).text == "refused with status 418"


def test_one_failure_does_not_stop_the_others() -> None:
    def fails(session: object) -> Finding:
        raise CheckFailed("no")

    def works(session: object) -> Finding:
        return Finding("yes")

    results = run_checks(session(), [Check("one", fails), Check("two", works)])
    assert [result.status for result in results] == ["failed", "ok"]


def test_what_closes_the_socket_comes_last() -> None:
    names = [name for name, _ in CHECKS]

    assert names.index("signed connect") < names.index("ping")
    assert names[-3:] == ["post after closing", "connection forgotten", "metrics"]
    assert len(set(names)) == len(names)
