"""Answers the fields of the schema: writes a reply, stops it, and tells how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from fulfillment.streaming.channel import Channel
from fulfillment.streaming.framing import Ending
from websocket_stack.graphql import frame_format
from websocket_stack.graphql.chat_owners import ChatOwners
from websocket_stack.graphql.errors import ChatBusy, InvalidPrompt, Refusal
from websocket_stack.tasks.conversations import ANONYMOUS, LEAST_NAME_CHARACTERS
from websocket_stack.tasks.owners import Owners
from websocket_stack.tasks.posting import post_all
from websocket_stack.tasks.protocol import Address
from websocket_stack.tasks.run_table import RunTable
from websocket_stack.tasks.runs import Run, State, digest_of, key_of
from websocket_stack.tasks.worker import Worker


class ChatState(NamedTuple):
    """How far a chat's last reply is; the fields are those of the schema."""

    chatId: str
    messageId: str
    text: str
    kind: str
    usage: Mapping[str, Any] | None


class Resolver:
    """Answers the fields of the schema.

    Args:
        runs: the replies, each a run.
        owners: what their owners run.
        chat_owners: whose each chat is.
        worker: writes replies.
        channel: tells subscribers.
        prompt_characters: how long a prompt may be.
    """

    def __init__(
        self,
        runs: RunTable,
        owners: Owners,
        chat_owners: ChatOwners,
        worker: Worker,
        channel: Channel,
        prompt_characters: int,
    ) -> None:
        self._runs = runs
        self._owners = owners
        self._chat_owners = chat_owners
        self._worker = worker
        self._channel = channel
        self._prompt_characters = prompt_characters

    def ask(
        self, chat_id: str, prompt: str, identity: Mapping[str, Any] | None, context: Any
    ) -> None:
        """Write the reply to a prompt, and return at its end.

        Subscribers are told of refusals too, since the caller may not learn of them otherwise.

        Args:
            chat_id: the chat, of which each reply is told to all subscribers.
            prompt: what is asked.
            identity: who asks, as AppSync says.
            context: the Lambda context; an invocation that comes twice has the same request id.

        Raises:
            InvalidPrompt, ChatBusy, Unauthorized: it is not answered.
        """
        owner = self._chat_owners.owner(chat_id, identity)
        message_id = context.aws_request_id
        address = Address("chat", [chat_id, message_id])
        if not prompt.strip() or len(prompt) > self._prompt_characters:
            length = f"1 to {self._prompt_characters:,} characters"
            self._refuse(address, InvalidPrompt(f"A prompt has {length}."))
        run = Run(
            key=key_of(owner, Address("chat", chat_id)),
            owner=owner,
            address=address,
            digest=digest_of(message_id),
            connection_id=chat_id,
        )
        there = self._runs.claim(run)
        if there is not None and there.digest == run.digest:
            return
        if there is not None:
            self._refuse(address, ChatBusy("A reply is still being written in this chat."))
        if not self._owners.admit(run):
            self._runs.drop(run)
            self._refuse(address, ChatBusy("You have too many requests. Please wait."))
        is_private = not owner.startswith(ANONYMOUS) or len(chat_id) >= LEAST_NAME_CHARACTERS
        data = {"prompt": prompt, "conversation": chat_id if is_private else ""}
        self._worker.work({"run": run.key, "type": "message", "data": data}, context)

    def admit(self, chat_id: str, identity: Mapping[str, Any] | None) -> None:
        """Let a caller subscribe to a chat.

        Raises:
            InvalidPrompt, Unauthorized: it may not.
        """
        self._chat_owners.owner(chat_id, identity)

    def stop(self, chat_id: str, identity: Mapping[str, Any] | None) -> bool:
        """End the reply that is being written; return whether there is one."""
        return self._runs.stop(self._key(chat_id, identity)) is not None

    def state(self, chat_id: str, identity: Mapping[str, Any] | None) -> ChatState | None:
        """Return how far a chat's last reply is; ``None`` if there is none, or it has expired."""
        run = self._runs.find(self._key(chat_id, identity))
        if run is None:
            return None
        _, message_id = run.address.id
        kind, usage = "delta", None
        if run.state is State.DONE:
            kind = frame_format.kind_of(Ending(run.ending["outcome"]))
            usage = run.ending.get("usage")
        return ChatState(chat_id, message_id, run.text, kind, usage)

    def _key(self, chat_id: str, identity: Mapping[str, Any] | None) -> str:
        return key_of(self._chat_owners.owner(chat_id, identity), Address("chat", chat_id))

    def _refuse(self, address: Address, refusal: Refusal) -> NoReturn:
        chat_id, _ = address.id
        frames = frame_format.refusal(address, type(refusal).__name__, str(refusal))
        post_all(self._channel, chat_id, frames)
        raise refusal
