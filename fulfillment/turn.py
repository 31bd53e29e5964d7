"""Turn: what a bot's function is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from fulfillment.lex import LexEvent, SlotValue
from fulfillment.models.base import Answer, Completion, Message, Model, Prompt
from fulfillment.settings import Settings


class Turn:
    """One utterance and all that belongs to it.

    Attributes:
        utterance: what the user typed or said.
        intent: the name of the intent that Lex chose.
        slots: what Lex understood for each slot, by name; ``None`` where it has nothing yet.
        locale: the bot's locale, such as ``en_US``.
        input_mode: ``Text``, ``Speech`` or ``DTMF``.
        request_attributes: sent by the client for this turn only.
    """

    def __init__(self, event: LexEvent, model: Model, settings: Settings) -> None:
        self.utterance = event.utterance
        self.intent = event.intent.name
        self.slots: Mapping[str, SlotValue] = event.slots
        self.session_id = event.session_id
        self.locale = event.locale
        self.input_mode = event.input_mode
        self._session_attributes = dict(event.session_attributes)
        self.request_attributes: Mapping[str, str] = event.request_attributes
        self._model = model
        self._settings = settings
        self._answers: list[Answer] = []
        self._closed = False

    @property
    def session_attributes(self) -> dict[str, str]:
        """What Lex keeps for the rest of the session; change it as you like."""
        return self._session_attributes

    def ask(
        self,
        utterance: str | None = None,
        *,
        system: str | None = None,
        max_tokens: int | None = None,
    ) -> Iterator[str]:
        """Ask the model and yield its text as it is written.

        Takes what to ask (the utterance, if left out), the system prompt and the most tokens to
        write (the settings', if left out).

        Raises:
            ModelError: the model did not answer, or not to the end.
        """
        prompt = Prompt(
            messages=(Message("user", self.utterance if utterance is None else utterance),),
            system=self._settings.system_prompt if system is None else system,
            max_tokens=self._settings.max_tokens if max_tokens is None else max_tokens,
        )
        answer = self._model.ask(prompt)
        self._answers.append(answer)
        if not self._closed:
            yield from filter(None, answer)

    @property
    def completions(self) -> tuple[Completion, ...]:
        """How the model calls of this turn ended, as far as they have."""
        return tuple(answer.completion for answer in self._answers if answer.completion)

    def close(self) -> None:
        """Stop the model calls of this turn, those still to come included; from any thread."""
        self._closed = True
        for answer in self._answers:
            # What cannot be stopped is left; the reply must not be lost over it.
            with suppress(Exception):
                answer.close()
