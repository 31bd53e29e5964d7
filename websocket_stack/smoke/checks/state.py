"""What is known of a stack before anybody connects."""

from __future__ import annotations

from websocket_stack.smoke.report import CheckFailed, CheckSkipped, Finding
from websocket_stack.smoke.session import SmokeSession
from websocket_stack.smoke.stack import GOOD_STATUSES

MEANINGS = {
    "ROLLBACK_COMPLETE": "it could not be made, and has nothing; delete it and deploy again",
    "UPDATE_ROLLBACK_COMPLETE": "its last update failed and was undone; its events say why",
    "DELETE_FAILED": "a part of it could not be deleted",
}


def is_in_a_good_state(session: SmokeSession) -> Finding:
    """Look at the status of the CloudFormation stack."""
    status = session.stack.status
    if status is None:
        raise CheckSkipped("no CloudFormation stack; give --stack")
    if status in GOOD_STATUSES:
        return Finding(status)
    default = "it is changing; try again when it is done"
    if not status.endswith("_IN_PROGRESS"):
        default = "its events say why"
    raise CheckFailed(f"{status}: {MEANINGS.get(status, default)}")
