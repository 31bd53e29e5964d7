from __future__ import annotations

import importlib

import pytest

PACKAGES = ["fulfillment", "fulfillment.memory", "fulfillment.testing", "fulfillment.tools"]


@pytest.mark.parametrize("name", PACKAGES)
def test_what_is_public_is_there(name: str) -> None:
    package = importlib.import_module(name)
    for exported in package.__all__:
        assert getattr(package, exported) is not None


def test_what_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'fulfillment' has no attribute 'Bott'"):
        importlib.import_module("fulfillment").Bott  # noqa: B018
