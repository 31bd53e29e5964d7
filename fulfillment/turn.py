"""Turn: what a handler is given."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fulfillment.assistant import Assistant
from fulfillment.errors import HandlerError
from fulfillment.lex.dialog_actions import Action, Dialog
from fulfillment.lex.events import Confirmation, LexEvent, SlotValue, slot_of
from fulfillment.lex.messages import Button, Card, ContentType, Text
from fulfillment.models.base import Model
from fulfillment.must_read import MustRead
from fulfillment.text import is_blank

if TYPE_CHECKING:
    from fulfillment.streaming.stream import Chunks
    from fulfillment.tools import Tool


class Turn:
    """One utterance of the user, and everything that a handler needs to answer it.

    Attributes:
        utterance: what the user typed or said.
        intent: the name of the intent that Lex chose.
        slots: what Lex understood for each slot, by name: a text, a list, a composite's sub-slots
            by name, or ``None`` where it has nothing yet.
        resolutions: the values of its type that each slot may mean, the likeliest first.
        confirmation: the answer to :meth:`confirm`, or ``None`` if nothing was asked.
        session_id: Lex's id of the session, which can be guessed: never use it as a secret.
        request_attributes: attributes that the client sent for this turn only.
        locale: the bot's locale, such as ``en_US``.
        input_mode: ``Text``, ``Speech`` or ``DTMF``.
        event: the Lex V2 event as it came, for everything else.
        error: the exception that an error handler is answering, or ``None``.
    """

    def __init__(
        self,
        event: LexEvent,
        dialog: Dialog,
        assistant: Assistant,
    ) -> None:
        self.utterance = event.utterance
        self.intent = event.intent.name
        self.slots: Mapping[str, SlotValue] = event.slots
        self.resolutions: Mapping[str, Sequence[str]] = event.resolutions
        self.confirmation: Confirmation | None = event.confirmation
        self.session_id = event.session_id
        self.request_attributes: Mapping[str, str] = event.request_attributes
        self.locale = event.locale
        self.input_mode = event.input_mode
        self.event: Mapping[str, Any] = event.raw
        self.error: Exception | None = None
        self._session_attributes = dict(event.session_attributes)
        self._dialog = dialog
        self._assistant = assistant

    @property
    def session_attributes(self) -> dict[str, str]:
        """What Lex keeps for the rest of the session; change it as you like."""
        return self._session_attributes

    @session_attributes.setter
    def session_attributes(self, attributes: dict[str, str]) -> None:
        # As ``|=`` ends. Others would lose what the client needs in its next turn.
        if attributes is not self._session_attributes:
            raise HandlerError("session_attributes are changed in place, as with update(…)")

    @property
    def seconds_left(self) -> float:
        """How many seconds there are until this turn is cut off."""
        return self._assistant.seconds_left

    def slot(self, name: str) -> str | None:
        """Return the text of a slot, or ``None`` while it has none.

        Raises:
            HandlerError: the slot holds a list or sub-slots, which are in :attr:`slots`.
        """
        value = self.slots.get(name)
        if value is None or isinstance(value, str):
            return value
        raise HandlerError(f"the slot {name} holds a {type(value).__name__}: read turn.slots")

    # --- the model

    def ask(  # noqa: PLR0913
        self,
        utterance: str | None = None,
        *,
        system: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        stop_sequences: Sequence[str] = (),
        tools: Iterable[Tool | Callable[..., Any]] = (),
        model: Model | None = None,
        history: bool = True,
    ) -> Chunks:
        """Ask the model; the result yields its text as it is written: ``yield from turn.ask()``.

        A blank question, such as silence in a voice turn, reaches no model and yields no text.

        Args:
            utterance: the question, by default what the user said.
            system: the system prompt, by default that of the settings.
            max_tokens: how long the text may be, in tokens.
            temperature: the model's sampling temperature.
            top_p: the model's nucleus sampling, as a probability.
            stop_sequences: texts at which the model stops.
            tools: functions that the model may call; see :mod:`fulfillment.tools`.
            model: the model to ask, by default the bot's.
            history: whether the model gets the earlier turns of the conversation.

        Returns:
            The text, to be iterated once; if it never is, a warning says so. Iterating raises
            :class:`fulfillment.errors.ModelError` if the model does not answer, or not to the end.

        Raises:
            ToolError: a function cannot be a tool.
        """
        question = self.utterance if utterance is None else utterance
        if is_blank(question):
            nothing: tuple[str, ...] = ()
            return MustRead((text for text in nothing), "turn.ask(…)", sys._getframe(1))
        chunks = self._assistant.ask(
            question,
            system=system,
            max_tokens=max_tokens,
            temperature=temperature,
            top_p=top_p,
            stop_sequences=stop_sequences,
            tools=tools,
            model=model,
            history=history,
        )
        return MustRead(chunks, "turn.ask(…)", sys._getframe(1))

    # --- what Lex does next; the last word counts

    def close(self, *, failed: bool = False) -> None:
        """End the intent with this turn.

        A handler that fulfils an intent does so by default; a dialog handler delegates by default.

        Args:
            failed: whether the intent ends as failed instead of fulfilled.
        """
        self._dialog.act(Action("Close", failed=failed))

    def elicit_slot(self, slot: str, prompt: str = "") -> None:
        """Ask the user for a slot, and drop the value that it has.

        Args:
            slot: the name of the slot.
            prompt: the question. Without a prompt or other text, Lex asks as the bot's definition
                says.

        Raises:
            HandlerError: the slot's name is empty or not text.
        """
        if not isinstance(slot, str) or not slot.strip():
            raise HandlerError(f"elicit_slot takes the name of a slot, not {slot!r}")
        self._dialog.act(Action("ElicitSlot", slot), prompt)

    def confirm(self, prompt: str) -> None:
        """Ask the user to confirm the intent; the answer is the next turn's ``confirmation``."""
        self._dialog.act(Action("ConfirmIntent"), prompt)

    def elicit_intent(self, prompt: str) -> None:
        """Leave this intent, and ask the user what else to do."""
        self._dialog.act(Action("ElicitIntent"), prompt)

    def delegate(self) -> None:
        """Let Lex go on by itself: elicit slots, confirm, fulfil. It does not say written text.

        Raises:
            HandlerError: Lex has nothing left to do, since this handler fulfils the intent.
        """
        self._dialog.act(Action("Delegate"))

    def set_slot(self, slot: str, value: str | Sequence[str] | None) -> None:
        """Fill a slot with a text or a list of texts, or empty it with ``None``.

        Raises:
            HandlerError: the name is empty, or the value is neither a text nor a list of texts.
        """
        self._dialog.fill(slot, slot_of(value))

    # --- what the user gets with the reply

    def add_message(self, content: str, content_type: ContentType = "CustomPayload") -> None:
        """Add a separate message after the reply.

        Args:
            content: the text; Markdown where its type is ``CustomPayload``.
            content_type: ``CustomPayload``, ``PlainText`` or ``SSML``.

        Raises:
            HandlerError: Lex does not accept it, or it is too long or one too many.
        """
        self._dialog.add(Text(content, content_type))

    def add_card(
        self,
        title: str,
        subtitle: str = "",
        image_url: str = "",
        buttons: Iterable[Button | tuple[str, str]] = (),
    ) -> None:
        """Add a response card.

        Args:
            title: at most 250 characters.
            subtitle: at most 250 characters.
            image_url: at most 250 characters.
            buttons: at most five; each a :class:`Button`, or a pair of what it shows and what it
                says, at most 50 characters each.

        Raises:
            HandlerError: a part is empty, too long or one too many.
        """
        self._dialog.add(Card(title, subtitle, image_url, [Button(*each) for each in buttons]))
