"""Turn: what a bot's function is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fulfillment.errors import HandlerError
from fulfillment.lex.dialog_actions import Action, Decision
from fulfillment.lex.events import Json, LexEvent, SlotValue, slot_of
from fulfillment.lex.limits import MAX_ADDED_MESSAGES
from fulfillment.lex.messages import Button, Card, ContentType, Text
from fulfillment.memory import Exchange
from fulfillment.memory.conversation import Conversation
from fulfillment.models.base import Message, Model, Prompt
from fulfillment.models.tool_loop import ToolLoop
from fulfillment.settings import Settings
from fulfillment.text import repair_surrogates

if TYPE_CHECKING:
    from fulfillment.streaming.stream import Chunks
    from fulfillment.tools import Tool

GO_ON = (
    "Your last reply was cut off by a limit. If the user wants you to go on, continue exactly where"
    " it stops, without an introduction and without repeating any of it."
)


class Turn:
    """One utterance and all that belongs to it.

    Attributes:
        utterance: what the user typed or said.
        intent: the name of the intent that Lex chose.
        slots: what Lex understood for each slot, by name: a text, a list, a composite's sub-slots
            by name, or ``None`` where it has nothing yet.
        resolutions: the values of its type that each slot may mean, the likeliest first.
        confirmation: ``Confirmed``, ``Denied``, or ``None`` (a word) if nothing was asked.
        session_id: Lex's name for the session; guessable, so no key to anything secret.
        session_attributes: what Lex keeps for the rest of the session; change it as you like.
        request_attributes: sent by the client for this turn only.
        locale: the bot's locale, such as ``en_US``.
        input_mode: ``Text``, ``Speech`` or ``DTMF``.
        event: the Lex V2 event as it came, for all else.
    """

    def __init__(
        self,
        event: LexEvent,
        model: Model,
        settings: Settings,
        calls: ToolLoop,
        conversation: Conversation,
    ) -> None:
        self.utterance = event.utterance
        self.intent = event.intent.name
        self.slots: Mapping[str, SlotValue] = event.slots
        self.resolutions: Mapping[str, Sequence[str]] = event.resolutions
        self.confirmation = event.intent.confirmation_state
        self.session_id = event.session_id
        self.request_attributes: Mapping[str, str] = event.request_attributes
        self.locale = event.locale
        self.input_mode = event.input_mode
        self.event: Mapping[str, Any] = event.raw
        self._model = model
        self._settings = settings
        self._calls = calls
        self._conversation = conversation
        self._is_dialog = event.is_dialog
        self._session_attributes = dict(event.session_attributes)
        self._slots: dict[str, Json] = dict(event.intent.slots)
        self._decision = Decision(Action("Close" if event.is_answered_now else "Delegate"))

    @property
    def session_attributes(self) -> dict[str, str]:
        return self._session_attributes

    @property
    def seconds_left(self) -> float:
        """How many seconds there are until this turn is cut off."""
        return self._calls.seconds_left

    # --- the model

    def ask(
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
        """Ask the model and yield its text as it is written.

        Takes what to ask (the utterance, if left out), what the settings say otherwise (system
        prompt, most tokens, sampling), functions that the model may call (see
        :mod:`fulfillment.tools`), another model than the settings', and whether it is told the
        earlier turns of the conversation.

        Raises:
            ToolError: a function cannot be a tool.
            ModelError: the model did not answer, or not to the end.
        """
        toolbox = None
        if tools := tuple(tools):
            from fulfillment.tools.toolbox import Toolbox

            toolbox = Toolbox(tools)
        settings = self._settings
        earlier = self._conversation.earlier() if history else ()
        system = settings.system_prompt_of(self.locale) if system is None else system
        if earlier and earlier[-1].cut:
            system = f"{system}\n\n{GO_ON}".strip()
        asked = Message("user", self.utterance if utterance is None else utterance)
        prompt = Prompt(
            messages=(*_messages(earlier), asked),
            system=system,
            max_tokens=settings.max_tokens if max_tokens is None else max_tokens,
            temperature=settings.temperature if temperature is None else temperature,
            top_p=settings.top_p if top_p is None else top_p,
            stop_sequences=tuple(stop_sequences),
            tools=toolbox.specs if toolbox else (),
            # The settings' own models have no memory that it could name.
            conversation_id=self._conversation.share_id() if model and history else "",
        )
        return self._calls.ask(model or self._model, prompt, toolbox)

    # --- what Lex does next; the last word counts

    def close(self, *, failed: bool = False) -> None:
        """End the intent with this turn, as fulfilled or failed. Without a word of yours, a
        function that fulfils an intent closes it, and one that checks a dialog delegates.
        """
        self._act(Action("Close", failed=failed))

    def elicit_slot(self, slot: str, prompt: str = "") -> None:
        """Ask the user for a slot, whose value so far is dropped.

        Without a prompt, and if nothing was written either, Lex asks as the bot's definition says.
        """
        self._act(Action("ElicitSlot", slot), prompt)

    def confirm(self, prompt: str) -> None:
        """Ask the user to confirm the intent; the answer is the next turn's ``confirmation``."""
        self._act(Action("ConfirmIntent"), prompt)

    def elicit_intent(self, prompt: str) -> None:
        """Ask the user what else to do, and leave this intent."""
        self._act(Action("ElicitIntent"), prompt)

    def delegate(self) -> None:
        """Let Lex go on by itself: elicit slots, confirm, fulfil. What was written is not said.

        Raises:
            HandlerError: Lex has nothing left to do, since this function fulfils the intent.
        """
        if not self._is_dialog:
            raise HandlerError("only a function that checks a dialog can delegate")
        self._act(Action("Delegate"))

    def set_slot(self, slot: str, value: str | Sequence[str] | None) -> None:
        """Fill a slot with a text or several, or empty it."""
        self._slots[slot] = slot_of(value)

    # --- what the user gets beside the reply

    def add_message(self, content: str, content_type: ContentType = "CustomPayload") -> None:
        """Add a message of its own after the reply; ``CustomPayload`` is shown as Markdown.

        Raises:
            HandlerError: it is too long or one too many.
        """
        texts = (*self._decision.texts, Text(repair_surrogates(content), content_type))
        self._decide(self._decision._replace(texts=texts))

    def add_card(
        self,
        title: str,
        subtitle: str = "",
        image_url: str = "",
        buttons: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Add a response card; takes buttons as pairs of what they show and what they say.

        Raises:
            HandlerError: a part is empty, too long or one too many.
        """
        card = Card(title, subtitle, image_url, [Button(*each) for each in buttons])
        self._decide(self._decision._replace(cards=(*self._decision.cards, card.checked())))

    @property
    def decision(self) -> Decision:
        """How the turn is to end, as far as that was said."""
        return self._decision

    @property
    def next_slots(self) -> Mapping[str, Json]:
        """The slots as Lex gets them back."""
        return dict(self._slots)

    def _act(self, action: Action, prompt: str = "") -> None:
        self._decide(self._decision._replace(action=action, prompt=repair_surrogates(prompt)))

    def _decide(self, decision: Decision) -> None:
        if len(decision.texts) + len(decision.cards) > MAX_ADDED_MESSAGES:
            raise HandlerError(f"a turn adds at most {MAX_ADDED_MESSAGES} messages and cards")
        # The other half is the reply's.
        if decision.size > (most := self._settings.max_response_bytes // 2):
            raise HandlerError(f"a turn adds at most {most} bytes of messages and cards")
        self._decision = decision


def _messages(exchanges: Sequence[Exchange]) -> Iterator[Message]:
    for exchange in exchanges:
        yield Message("user", exchange.utterance)
        yield Message("assistant", exchange.reply)
