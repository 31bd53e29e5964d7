"""What ``scripts/smoke`` found, one line a check, or as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

Number: TypeAlias = "int | float | str | bool | None"
Status: TypeAlias = Literal["ok", "failed", "skipped"]


class Found(NamedTuple):
    """What a check that is content has seen: in words, and as numbers with units in their names."""

    text: str
    numbers: Mapping[str, Number] = {}


class CheckFailed(Exception):
    """What was seen is not as it should be; the message says how."""


class CheckSkipped(Exception):
    """The check could not be made; the message says why."""


class Result(NamedTuple):
    """The outcome of one check."""

    name: str
    status: Status
    text: str
    numbers: Mapping[str, Number] = {}

    def line(self) -> str:
        return f"{self.status:<8} {self.name:<24} {self.text}"


def has_failed(results: Sequence[Result]) -> bool:
    return any(result.status == "failed" for result in results)


def as_json(results: Sequence[Result]) -> str:
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
