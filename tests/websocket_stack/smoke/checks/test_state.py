"""The status of a stack."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.websocket_stack.smoke.smoke_fakes import STACK, session
from websocket_stack.smoke.checks.state import is_in_a_good_state
from websocket_stack.smoke.report import CheckFailed, CheckSkipped


def test_a_good_state_is_named() -> None:
    finding = is_in_a_good_state(session(stack=replace(STACK, status="UPDATE_COMPLETE")))
    assert finding.text == "UPDATE_COMPLETE"


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        ("ROLLBACK_COMPLETE", "could not be made"),
        ("UPDATE_ROLLBACK_COMPLETE", "its last update failed and was undone"),
        ("UPDATE_IN_PROGRESS", "it is changing"),
        ("UPDATE_ROLLBACK_FAILED", "its events say why"),
    ],
)
def test_another_state_is_explained(status: str, meaning: str) -> None:
    with pytest.raises(CheckFailed, match=f"^{status}: .*{meaning}"):
        is_in_a_good_state(session(stack=replace(STACK, status=status)))


def test_an_address_has_no_state() -> None:
    with pytest.raises(CheckSkipped):
        is_in_a_good_state(session())
