"""What subscribers of a chat are told: the variables of the mutation ``send``. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence

from fulfillment.outcome import Outcome
from fulfillment.streaming.framing import Ending, Frame
from fulfillment.streaming.graphemes import pieces
from websocket_stack.tasks.protocol import Address

# AppSync drops what is larger than 240 KB without a word; a character takes up to six bytes in
# JSON, and the message is JSON within JSON on its way.
# https://docs.aws.amazon.com/general/latest/gr/appsync.html
MAX_TEXT_CHARACTERS = 15_000
FAILURES = {Outcome.FAILED, Outcome.INTERRUPTED}

# Old clients see what this selects, and nothing else.
SEND = """
mutation Send(
  $chatId: String!, $data: String!, $seq: Int, $kind: ChatKind, $messageId: String, $usage: AWSJSON
) {
  send(
    chatId: $chatId, data: $data, seq: $seq, kind: $kind, messageId: $messageId, usage: $usage
  ) { chatId data seq kind messageId usage }
}
""".strip()


class ChatFraming:
    """The pieces of one reply.

    Args:
        chat_id: the chat.
        message_id: the reply.
    """

    frames_to_show = 1

    def __init__(self, chat_id: str, message_id: str) -> None:
        self._chat_id = chat_id
        self._message_id = message_id

    def frames(self, text: str, offset: int) -> Sequence[Frame]:
        frames = []
        for piece in pieces(text, MAX_TEXT_CHARACTERS):
            frames.append(Frame(self._variables("delta", piece, seq=offset), len(piece)))
            offset += len(piece)
        return frames

    def end(self, ending: Ending) -> Sequence[Frame]:
        usage = json.dumps(ending.usage) if ending.usage else None
        notices = []
        # Text for the reader, which clients that know no kinds show as well.
        if ending.notice:
            notices.append(Frame(self._variables("delta", _after(ending.text, ending.notice))))
        # Where it ends, a reader knows whether it has all.
        end = self._variables(kind_of(ending), "", seq=ending.length, usage=usage)
        return [*notices, Frame(end)]

    def _variables(
        self, kind: str, data: str, seq: int | None = None, usage: str | None = None
    ) -> str:
        variables = {
            "chatId": self._chat_id,
            "data": data,
            "seq": seq,
            "kind": kind,
            "messageId": self._message_id,
            "usage": usage,
        }
        # No half character is among them: the text has none, and GraphQL takes none.
        return json.dumps(variables, ensure_ascii=False, separators=(",", ":"))


def kind_of(ending: Ending) -> str:
    """Return how a reply ended, as clients are told."""
    if ending.outcome in FAILURES or not ending.is_whole:
        return "error"
    return "stopped" if ending.outcome == Outcome.CANCELLED else "done"


def framing_of(address: Address, *, is_whole: bool, detail: bool) -> ChatFraming:
    """Return the framing of a reply; it is always streamed, and always tells all."""
    return ChatFraming(*address.id)


def refusal(address: Address, kind: str, message: str) -> Sequence[str]:
    """Return the frames that say why a prompt is not answered."""
    ending = Ending(Outcome.FAILED, message)
    return [frame.payload for frame in ChatFraming(*address.id).end(ending)]


def _after(text: str, notice: str) -> str:
    return f"\n\n{notice}" if text else notice
