"""Results as lines and as JSON."""

from __future__ import annotations

import json

import pytest

from websocket_stack.smoke.report import CheckResult, as_json, has_failed, milliseconds, percentile

RESULTS = [
    CheckResult("ping", "ok", "no answer"),
    CheckResult("posts", "ok", "20 posts", {"p50_ms": 1.5}),
    CheckResult("turn", "failed", "no frame"),
    CheckResult("second owner", "skipped", "needs two"),
]


def test_a_line_has_status_name_and_text() -> None:
    assert RESULTS[2].line().split() == ["failed", "turn", "no", "frame"]
    assert len({result.line().index(result.text) for result in RESULTS}) == 1


def test_only_a_failure_fails() -> None:
    assert has_failed(RESULTS)
    assert not has_failed([each for each in RESULTS if each.status != "failed"])


def test_json_has_the_numbers() -> None:
    report = json.loads(as_json(RESULTS))

    assert report["ok"] is False
    assert report["checks"][1] == {
        "name": "posts",
        "status": "ok",
        "text": "20 posts",
        "p50_ms": 1.5,
    }


@pytest.mark.parametrize(
    ("share", "value"), [(0.0, 1), (0.5, 10), (0.95, 19), (0.99, 20), (1.0, 20)]
)
def test_percentiles_are_values_that_were_measured(share: float, value: int) -> None:
    assert percentile(list(range(20, 0, -1)), share) == value
    assert percentile([7.0], share) == 7.0


def test_seconds_become_milliseconds() -> None:
    assert milliseconds(0.0123456) == 12.3
