"""What was logged, with the fields of each line as attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest


def logged(caplog: pytest.LogCaptureFixture) -> Sequence[Any]:
    """Return the records of a test's log; their fields depend on the line."""
    return caplog.records
