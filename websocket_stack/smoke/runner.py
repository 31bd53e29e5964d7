"""Runs checks one after another; whatever happens in one becomes its result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from websockets.exceptions import InvalidStatus, WebSocketException

from websocket_stack.aws_errors import AWS_ERRORS, explanation
from websocket_stack.smoke.checks import Check
from websocket_stack.smoke.report import CheckFailed, CheckResult, CheckSkipped
from websocket_stack.smoke.session import SmokeSession


def run_checks(session: SmokeSession, checks: Sequence[Check]) -> Iterator[CheckResult]:
    """Yield the result of each check as soon as it is known."""
    for name, check in checks:
        try:
            finding = check(session)
        except CheckSkipped as exc:
            yield CheckResult(name, "skipped", str(exc))
        except CheckFailed as exc:
            yield CheckResult(name, "failed", str(exc))
        except AWS_ERRORS as exc:
            yield CheckResult(name, "failed", explanation(exc, session.stack.region))
        except InvalidStatus as exc:
            yield CheckResult(name, "failed", f"refused with status {exc.response.status_code}")
        except (WebSocketException, OSError) as exc:
            # Their messages may hold the address, and with it the signature.
            yield CheckResult(name, "failed", type(exc).__name__)
        else:
            yield CheckResult(name, "ok", finding.text, finding.numbers)
