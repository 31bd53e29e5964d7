"""The checks of ``scripts/smoke`` in their order, and how they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from botocore.exceptions import BotoCoreError, ClientError
from websockets.exceptions import InvalidStatus, WebSocketException

from websocket_stack.deployment.failures import explanation
from websocket_stack.smoke.checks import connect as connect_checks
from websocket_stack.smoke.checks import posts as post_checks
from websocket_stack.smoke.checks import turns as turn_checks
from websocket_stack.smoke.report import CheckFailed, CheckSkipped, Found, Result
from websocket_stack.smoke.session import Visit

Check: TypeAlias = Callable[[Visit], Found]
"""Takes a visit and says what it found; raises CheckFailed or CheckSkipped."""

CHECKS: Sequence[tuple[str, Check]] = (
    ("signed connect", connect_checks.connects),
    ("ping", connect_checks.is_silent_after_ping),
    ("turn", turn_checks.streams_a_turn),
    ("long text", turn_checks.brings_long_texts_whole),
    ("attribute left out", turn_checks.keeps_attributes_left_out),
    ("posts", post_checks.posts_in_time),
    ("empty post", post_checks.takes_an_empty_post),
    ("unsigned connect", connect_checks.refuses_unsigned),
    ("another's identity", connect_checks.refuses_an_identity_of_others),
    ("second owner", connect_checks.refuses_a_second_owner),
    ("post after closing", post_checks.says_gone_after_closing),
)


def run(visit: Visit, checks: Sequence[tuple[str, Check]]) -> Iterator[Result]:
    """Make the checks one after another."""
    for name, check in checks:
        try:
            found = check(visit)
        except CheckSkipped as exc:
            yield Result(name, "skipped", str(exc))
        except CheckFailed as exc:
            yield Result(name, "failed", str(exc))
        except (ClientError, BotoCoreError) as exc:
            yield Result(name, "failed", explanation(exc, visit.target.region))
        except (WebSocketException, OSError) as exc:
            # Their messages may hold the address, and with it the signature.
            yield Result(name, "failed", _in_words(exc))
        else:
            yield Result(name, "ok", found.text, found.numbers)


def _in_words(exc: Exception) -> str:
    if isinstance(exc, InvalidStatus):
        return f"refused with status {exc.response.status_code}"
    return type(exc).__name__
