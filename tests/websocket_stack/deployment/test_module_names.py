"""A module's names are read from its source."""

from __future__ import annotations

import pytest

from websocket_stack.deployment.module_names import names_of


@pytest.mark.parametrize(
    "source",
    [
        "name = 1",
        "name: int = 1",
        "def name(): pass",
        "class name: pass",
        "from x import y as name",
        "import name",
        "try:\n    a, name = x\nexcept E:\n    raise",
    ],
)
def test_what_is_defined_or_imported_is_a_name(source: str) -> None:
    names = names_of(source.encode())
    assert names is not None and "name" in names


@pytest.mark.parametrize(
    "source", ["print(name)", "def f():\n    name = 1", "class A:\n    name = 1", "x.name = 1"]
)
def test_what_is_used_or_inside_is_none(source: str) -> None:
    names = names_of(source.encode())
    assert names is not None and "name" not in names


@pytest.mark.parametrize(
    "source",
    [b"from x import *", b"def __getattr__(name): ...", b"print 1", b"a = '\xff'", b"\0"],
)
def test_some_names_are_known_only_when_it_runs(source: bytes) -> None:
    assert names_of(source) is None
