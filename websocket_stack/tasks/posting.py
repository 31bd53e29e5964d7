"""Posts the frames of what has no delivery: a refusal, an answer to a command, a late end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from fulfillment.errors import ChannelBusy, ChannelError
from fulfillment.streaming.channel import Channel

PAUSES_SECONDS = (0.2, 0.4, 0.8)


def post_all(
    channel: Channel,
    connection_id: str,
    payloads: Iterable[str],
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Post frames in order, as far as that is possible; return whether all of them arrived."""
    try:
        for payload in payloads:
            _post(channel, connection_id, payload, sleep)
    except ChannelError:
        return False
    return True


def _post(
    channel: Channel, connection_id: str, payload: str, sleep: Callable[[float], None]
) -> None:
    for pause in PAUSES_SECONDS:
        try:
            channel.post(connection_id, payload)
        except ChannelBusy:
            sleep(pause)
        else:
            return
    channel.post(connection_id, payload)
