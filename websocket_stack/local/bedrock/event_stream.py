"""Writes AWS's binary event stream, which botocore can only read.

https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

import json
import struct
from binascii import crc32
from collections.abc import Mapping
from typing import Any

CONTENT_TYPE = "application/vnd.amazon.eventstream"
STRING_HEADER = 7
CRC_BYTES = 4
PRELUDE_BYTES = 12


def event(name: str, payload: Mapping[str, Any]) -> bytes:
    """Return one event of a stream."""
    return _message({":message-type": "event", ":event-type": name}, payload)


def exception(name: str, message: str, **members: Any) -> bytes:
    """Return a modelled exception, after which a stream ends; its name is the union's member."""
    return _message(
        {":message-type": "exception", ":exception-type": name}, {"message": message, **members}
    )


def _message(headers: Mapping[str, str], payload: Mapping[str, Any]) -> bytes:
    head = b"".join(
        _header(name, value)
        for name, value in {**headers, ":content-type": "application/json"}.items()
    )
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    total = PRELUDE_BYTES + len(head) + len(body) + CRC_BYTES
    prelude = struct.pack("!II", total, len(head))
    prelude += struct.pack("!I", crc32(prelude))
    message = prelude + head + body
    return message + struct.pack("!I", crc32(message))


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack("!B", len(key)) + key + struct.pack("!BH", STRING_HEADER, len(text)) + text
