import pytest

from websocket_stack.server.protocols import protocol_of


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("hi", "PlainProtocol"),
        ("|", "PlainProtocol"),
        ("{}", "PlainProtocol"),
        ("[1, 2]", "PlainProtocol"),
        ('{"id": "x", "text": "hi"}', "PlainProtocol"),
        ('{"id": 0, "text": "hi"}', "NumberedProtocol"),
        ('{"id": "0", "text": "hi"}', "NumberedProtocol"),
        ('{"type": "send", "requestId": "r", "id": "c"}', "AiSdkProtocol"),
        ('{"type": "abort", "requestId": "r"}', "AiSdkProtocol"),
        ('{"threadId": "t", "runId": "r", "messages": []}', "AgUiProtocol"),
        ('{"type": "abort", "runId": "r"}', "AgUiProtocol"),
        ('{"type": "auth", "token": "t"}', "NoneType"),
    ],
)
def test_the_first_message_tells(message, name):
    assert type(protocol_of(message, "chat", lambda: "run")).__name__ == name
