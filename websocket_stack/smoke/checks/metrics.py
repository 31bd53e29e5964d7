"""Whether the metrics of turns arrive in CloudWatch."""

from __future__ import annotations

from websocket_stack.smoke.report import CheckFailed, CheckSkipped, Finding
from websocket_stack.smoke.session import SmokeSession

LOOKS = 12
LOOK_SECONDS = 15.0


def arrive(session: SmokeSession) -> Finding:
    """Wait until the turns of this run are in the metrics, which takes a minute or two."""
    if not session.waits_for_metrics:
        raise CheckSkipped("give --metrics; it takes a minute or two")
    if session.function is None:
        raise CheckSkipped("no fulfillment Lambda is known; give --stack")
    for _ in range(LOOKS):
        if turns := session.function.turns_in_metrics():
            return Finding(f"{turns:g} turns are in the metrics", {"turns": turns})
        session.sleep(LOOK_SECONDS)
    raise CheckFailed(f"no turn of this run is in the metrics after {LOOKS * LOOK_SECONDS:g} s")
