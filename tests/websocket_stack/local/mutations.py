"""Requests with something wrong in them, wherever it may be."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, TypeAlias

from hypothesis import strategies as st

Path: TypeAlias = "tuple[str | int, ...]"

ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 1.5, 10**400, "", " ", "x", [], {}, [None], ["x"], [{}], {"text": None}]
)


@st.composite
def mutated(draw: st.DrawFn, body: dict[str, Any]) -> dict[str, Any]:
    """Draw a request that is another in one or two places."""
    body = copy.deepcopy(body)
    for _ in range(draw(st.integers(1, 2))):
        *parents, last = draw(st.sampled_from(list(_paths(body))))
        place: Any = body
        for step in parents:
            place = place[step]
        # A copy: the next mutation may be inside of it.
        place[last] = copy.deepcopy(draw(ODD))
    return body


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for step, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _paths(each, (*path, step))
