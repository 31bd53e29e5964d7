"""Which requirements hold on Lambda, and are not installed."""

from __future__ import annotations

from collections.abc import Sequence
from email.message import Message
from typing import Any, cast

import pytest

from websocket_stack.deployment.build.markers import environment, left_out

LAMBDA = environment("3.13", "aarch64")


class Package:
    """An installed package that requires others."""

    def __init__(self, name: str, *requires: str) -> None:
        self.metadata = Message()
        self.metadata["Name"] = name
        self.version = "1.0"
        self.requires = list(requires) or None


def missing(lines: Sequence[str], *packages: Package) -> list[str]:
    return left_out(lines, cast("Any", packages), LAMBDA)


@pytest.mark.parametrize(
    ("marker", "holds"),
    [
        ("python_version >= '3.13'", True),
        ("python_version < '3.13'", False),
        ("sys_platform == 'linux' and platform_machine == 'aarch64'", True),
        ("sys_platform == 'win32' or os_name == 'nt'", False),
        ("platform_machine == 'x86_64'", False),
        ("implementation_name == 'cpython'", True),
    ],
)
def test_markers_are_read_as_on_lambda(marker: Any, holds: Any) -> None:
    assert missing([f"lib>=2 ; {marker}"]) == (["lib>=2"] if holds else [])


def test_what_packages_require_counts_as_well() -> None:
    app = Package("App", "lib_a", "lib-b ; python_version >= '3.13'", "c ; python_version < '3'")
    assert missing(["app"], app, Package("LIB.A", "app")) == ["lib-b"]
    assert missing(["app"], app, Package("lib-a"), Package("lib_b")) == []


def test_another_machines_version_is_none() -> None:
    lines = ["lib==1.0 ; python_version < '3.13'", "lib==2.0 ; python_version >= '3.13'"]
    assert missing(lines, Package("lib")) == ["lib==2.0"]
    assert missing(lines[:1], Package("lib")) == []


def test_extras_count_where_they_are_asked_for() -> None:
    app = Package("app", "fast ; extra == 'speed'", "lib[speed]")
    lib = Package("lib", "quick ; extra == 'speed'")
    assert missing(["app"], app, lib) == ["quick"]
    assert missing(["app[speed]"], app, lib) == ["fast", "quick"]


def test_other_lines_are_passed_over() -> None:
    lines = ["", "# lib", "--no-index", "./lib.whl", "-e ../lib", "lib==1.0  # pinned"]
    assert missing(lines) == ["lib==1.0"]
