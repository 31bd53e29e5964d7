"""What the checks report: one line per check, or JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

Number: TypeAlias = "int | float | str | bool | None"
Status: TypeAlias = Literal["ok", "failed", "skipped"]


class Finding(NamedTuple):
    """What a check that succeeds reports.

    Args:
        text: a sentence for people.
        numbers: values for machines, with the unit in each name.
    """

    text: str
    numbers: Mapping[str, Number] = {}


class CheckFailed(Exception):
    """The stack does not behave as it should; the message says how."""


class CheckSkipped(Exception):
    """The check could not be made; the message says why."""


class CheckResult(NamedTuple):
    """How one check ended."""

    name: str
    status: Status
    text: str
    numbers: Mapping[str, Number] = {}

    def line(self) -> str:
        return f"{self.status:<8} {self.name:<24} {self.text}"


def has_failed(results: Sequence[CheckResult]) -> bool:
    return any(result.status == "failed" for result in results)


def as_json(results: Sequence[CheckResult]) -> str:
    """Return the results for machines."""
    return json.dumps(
        {
            "ok": not has_failed(results),
            "checks": [
                {
                    "name": result.name,
                    "status": result.status,
                    "text": result.text,
                    **result.numbers,
                }
                for result in results
            ],
        },
        indent=2,
        ensure_ascii=False,
    )


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def milliseconds(seconds: float) -> float:
    """Return seconds as the milliseconds of a report."""
    return round(seconds * 1000, 1)
