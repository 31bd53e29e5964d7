"""What a Lex V2 bot understands: locales, intents, slots and slot types. Pure.

Its numbers and patterns are those of Lex's API, which refuses anything else.
https://docs.aws.amazon.com/lexv2/latest/APIReference/API_Operations_Amazon_Lex_Model_Building_V2.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from fulfillment.lex.events import FALLBACK_INTENT
from websocket_stack.spelling import hint, nearest

# Of a template's metadata: the description that its bot was made from.
METADATA = "LexBot"
# Lex learns nothing for these from samples, and they have no slots.
# https://docs.aws.amazon.com/lexv2/latest/dg/built-in-intents.html
BUILT_IN = re.compile(r"AMAZON\.[A-Za-z_]+")
SLOT = re.compile(r"\{([^{}]*)\}")


# https://docs.aws.amazon.com/lexv2/latest/dg/howitworks-builtins-slots.html
BUILT_IN_SLOT_TYPES = tuple(
    f"AMAZON.{name}"
    for name in (
        "AlphaNumeric",
        "City",
        "Confirmation",
        "Country",
        "Currency",
        "Date",
        "Duration",
        "EmailAddress",
        "FirstName",
        "FreeFormInput",
        "LastName",
        "Number",
        "Percentage",
        "PhoneNumber",
        "State",
        "StreetName",
        "Time",
        "UKPostalCode",
    )
)


class Mistake(ValueError):
    """What Lex would not take.

    Args:
        problem: what is wrong.
        place: where, from the part that is checked: keys, and numbers of items.
    """

    def __init__(self, problem: str, *place: str | int) -> None:
        super().__init__(problem)
        self.place = place


class Quotas(NamedTuple):
    """What a locale may have at most: characters in utterances, slots, and slot types.

    https://docs.aws.amazon.com/lexv2/latest/dg/quotas.html
    """

    characters: int = 200_000
    slots: int = 2000
    slot_types: int = 100


QUOTAS: Mapping[str, Quotas] = {
    locale: Quotas(2_000_000, 4000, 250) for locale in ("en_AU", "en_GB", "en_US")
}

Name = Annotated[str, StringConstraints(pattern=r"^([0-9a-zA-Z][_-]?){1,100}$")]
# https://docs.aws.amazon.com/lexv2/latest/dg/how-languages.html
LocaleId = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}_[A-Z0-9]{2,3}$")]
Comment = Annotated[str, StringConstraints(max_length=2000)]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Value = Annotated[str, StringConstraints(min_length=1, max_length=140)]
# https://docs.aws.amazon.com/lexv2/latest/dg/quotas.html
Utterance = Annotated[str, StringConstraints(min_length=1, max_length=500)]
MAX_UTTERANCES, MAX_SLOTS, MAX_VALUES = 1500, 100, 50_000
Retries = Annotated[int, Field(ge=0, le=5)]


def _or_empty(value: Any) -> Any:
    # A key without a value, as in "red:".
    return {} if value in ("", None) else value


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Slot(_Part):
    """A value that an intent needs.

    Attributes:
        type: a slot type of the same locale, or a built-in one such as ``AMAZON.Date``.
        prompt: the question with which Lex asks for it.
        required: whether Lex asks by itself; by default if there is a prompt.
        retries: how often Lex asks again.
    """

    type: str
    prompt: Sentence | None = None
    required: bool = True
    retries: Retries = 2
    description: Comment = ""

    @model_validator(mode="before")
    @classmethod
    def _default(cls, values: Any) -> Any:
        if isinstance(values, dict) and "required" not in values:
            return values | {"required": "prompt" in values}
        return values

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.required and not self.prompt:
            raise ValueError("a required slot needs a prompt")
        return self


class Confirmation(_Part):
    """The question before an intent is fulfilled.

    Attributes:
        prompt: the question.
        declined: what Lex says after a "no".
        retries: how often Lex asks again.
    """

    prompt: Sentence
    declined: Sentence
    retries: Retries = 2


class Intent(_Part):
    """What a user may want.

    Attributes:
        utterances: how users say it, with slots in braces.
        slots: its slots, in the order in which Lex asks for them.
        confirmation: what Lex asks before it is fulfilled.
        dialog_hook: whether the Lambda is called at each turn of its dialog.
        fulfillment_hook: whether the Lambda fulfils it.
        parent: the built-in intent that it is, such as ``AMAZON.HelpIntent``.
    """

    utterances: Annotated[list[Utterance], Field(max_length=MAX_UTTERANCES)] = []
    slots: Annotated[dict[Name, Slot], BeforeValidator(_or_empty), Field(max_length=MAX_SLOTS)] = {}
    confirmation: Confirmation | None = None
    dialog_hook: bool = True
    fulfillment_hook: bool = True
    parent: Annotated[str, StringConstraints(pattern=rf"^{BUILT_IN.pattern}$")] | None = None
    description: Comment = ""

    @field_validator("utterances")
    @classmethod
    def _no_loose_braces(cls, utterances: list[str]) -> list[str]:
        for number, utterance in enumerate(utterances):
            if re.search(r"[{}]", SLOT.sub("", utterance)):
                raise Mistake(f"in {utterance!r}: a slot is written {{LikeThis}}", number)
        return utterances

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.parent and (self.utterances or self.slots):
            raise ValueError(f"{self.parent} has no utterances and slots of your own")
        for number, utterance in enumerate(self.utterances):
            place = ("utterances", number)
            names = SLOT.findall(utterance)
            for name in names:
                if name not in self.slots:
                    problem = f"in {utterance!r}: there is no slot {name!r}"
                    raise Mistake(problem + hint(name, self.slots), *place)
            if len(set(names)) < len(names):
                raise Mistake(f"in {utterance!r}: the same slot twice", *place)
        return self


class SlotType(_Part):
    """A list of values.

    Attributes:
        values: the values with their synonyms.
        restricted: whether only these values and synonyms fill a slot; otherwise they are examples,
            and the slot holds what the user said.
    """

    values: Annotated[
        dict[Value, Annotated[list[Value], BeforeValidator(lambda value: _or_empty(value) or [])]],
        Field(min_length=1, max_length=10_000),
    ]
    restricted: bool = False
    description: Comment = ""

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, value: Any) -> Any:
        # Values without synonyms may be a list.
        if isinstance(value, dict) and isinstance(value.get("values"), list):
            return value | {"values": dict.fromkeys(value["values"], "")}
        return value


class Locale(_Part):
    """What the bot understands in one language.

    Attributes:
        intents: its intents; a FallbackIntent is added.
        slot_types: the lists of values that slots have.
        voice: the voice of Amazon Polly; by default text alone.
        confidence: how sure Lex has to be of an intent, from 0 to 1.
    """

    intents: dict[Name, Annotated[Intent, BeforeValidator(_or_empty)]] = {}
    slot_types: Annotated[dict[Name, SlotType], BeforeValidator(_or_empty)] = {}
    voice: Annotated[str, StringConstraints(min_length=1)] | None = None
    engine: Literal["standard", "neural", "long-form", "generative"] = "standard"
    confidence: Annotated[float, Field(ge=0, le=1)] = 0.4
    description: Comment = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name, intent in self.intents.items():
            if name == FALLBACK_INTENT and (intent.utterances or intent.slots):
                problem = f"{FALLBACK_INTENT} is for what no utterance matches"
                raise Mistake(problem, "intents", name)
            for slot_name, slot in intent.slots.items():
                if not BUILT_IN.fullmatch(slot.type) and slot.type not in self.slot_types:
                    problem = f"there is no slot type {slot.type!r}"
                    place = ("intents", name, "slots", slot_name, "type")
                    raise Mistake(problem + hint(slot.type, self.slot_types), *place)
        return self

    @property
    def all_intents(self) -> Mapping[str, Intent]:
        """The intents, with the fallback that every bot has."""
        fallback = self.intents.get(FALLBACK_INTENT, Intent())
        fixed: dict[str, Any] = {"parent": "AMAZON.FallbackIntent"}
        if "dialog_hook" not in fallback.model_fields_set:
            # It has no dialog, so that the hook would be one more call for nothing.
            fixed["dialog_hook"] = False
        others = {name: each for name, each in self.intents.items() if name != FALLBACK_INTENT}
        return others | {FALLBACK_INTENT: fallback.model_copy(update=fixed)}


class BotDescription(_Part):
    """A bot.

    Attributes:
        name: its name in an import archive; a stack names its bot after itself.
        locales: what it understands, by locale; the first is the one for clients that name none.
        idle_session_seconds: how long Lex remembers a conversation.
        child_directed: whether it is subject to COPPA.
    """

    name: Name | None = None
    locales: Annotated[dict[LocaleId, Locale], Field(min_length=1)]
    idle_session_seconds: Annotated[int, Field(ge=60, le=86_400)] = 1800
    child_directed: bool = False
    description: Comment = ""

    @field_validator("locales")
    @classmethod
    def _can_be_built(cls, locales: dict[str, Locale]) -> dict[str, Locale]:
        for name, locale in locales.items():
            if not any(intent.utterances for intent in locale.intents.values()):
                raise Mistake("Lex builds no locale without an utterance", name)
            for amount, most, things in _amounts(locale, QUOTAS.get(name, Quotas())):
                if amount > most:
                    raise Mistake(f"{amount:,} {things}, and Lex takes {most:,}", name)
        return locales

    def intents(self) -> Iterator[tuple[str, str, Intent]]:
        """Yield each intent, with its locale's and its own name."""
        for locale_name, locale in self.locales.items():
            for name, intent in locale.all_intents.items():
                yield locale_name, name, intent


def probable_misspellings(bot: BotDescription) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what looks like a built-in slot type and is none that is known here.

    AWS adds some now and then, so that it may be right.

    Yields:
        The place, as keys, and what is wrong.
    """
    for locale, name, intent in bot.intents():
        for slot_name, slot in intent.slots.items():
            if not BUILT_IN.fullmatch(slot.type) or slot.type in BUILT_IN_SLOT_TYPES:
                continue
            # The prefix alone makes any two alike.
            if near := nearest(slot.type, BUILT_IN_SLOT_TYPES, 0.85):
                place = ("locales", locale, "intents", name, "slots", slot_name, "type")
                yield (
                    place,
                    f"{slot.type} is no built-in slot type that is known here; is {near} meant?",
                )


def _amounts(locale: Locale, quotas: Quotas) -> Iterator[tuple[int, int, str]]:
    """Yield what a locale has of each thing, the most that it may have, and the thing."""
    intents = locale.intents.values()
    utterances = [each for intent in intents for each in intent.utterances]
    values = [each for slot_type in locale.slot_types.values() for each in slot_type.values.items()]
    yield sum(map(len, utterances)), quotas.characters, "characters in utterances"
    yield sum(len(intent.slots) for intent in intents), quotas.slots, "slots"
    yield len(locale.slot_types), quotas.slot_types, "slot types"
    yield sum(1 + len(synonyms) for _, synonyms in values), MAX_VALUES, "values and synonyms"
