"""Which protocol a client speaks, judging by its first message. Pure."""

from __future__ import annotations

from collections.abc import Callable

from websocket_stack.server.protocol import ClientProtocol, json_object, sign_in_of
from websocket_stack.server.protocol_ag_ui import AgUiProtocol, speaks_ag_ui
from websocket_stack.server.protocol_ai_sdk import AiSdkProtocol, speaks_ai_sdk
from websocket_stack.server.protocol_numbered import NumberedProtocol, number_of
from websocket_stack.server.protocol_plain import PlainProtocol


def protocol_of(
    message: str, chat: str, new_run: Callable[[], str], *, escapes_html: bool = False
) -> ClientProtocol | None:
    """Return the protocol of a client.

    Args:
        message: its first message.
        chat: a name for the socket's conversation, where the protocol has none.
        new_run: returns a name for a run, where the protocol has none.
        escapes_html: see :class:`NumberedProtocol`.

    Returns:
        The protocol, or ``None`` where the message only signs the client in.
    """
    value = json_object(message)
    if value is None:
        return PlainProtocol(chat, new_run)
    if sign_in_of(value):
        return None
    if speaks_ai_sdk(value):
        return AiSdkProtocol()
    if speaks_ag_ui(value):
        return AgUiProtocol()
    if number_of(value) is not None and isinstance(value.get("text"), str):
        return NumberedProtocol(chat, new_run, escapes_html=escapes_html)
    # Somebody asks about a piece of JSON.
    return PlainProtocol(chat, new_run)
