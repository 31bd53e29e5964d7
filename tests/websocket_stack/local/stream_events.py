"""Reads AWS's event streams with botocore's own reader."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from botocore.eventstream import EventStreamBuffer


def read_events(parts: Iterable[bytes]) -> list[tuple[str, Any]]:
    """Return the type and the payload of each event."""
    buffer = EventStreamBuffer()
    for part in parts:
        buffer.add_data(part)
    return [(each.headers[":event-type"], json.loads(each.payload)) for each in list[Any](buffer)]
