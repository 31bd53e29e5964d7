from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from fulfillment.assistant import GO_ON, Assistant
from fulfillment.errors import HandlerError, ToolError
from fulfillment.lex import events as lex
from fulfillment.lex.dialog_actions import Action, Decision, Dialog
from fulfillment.lex.events import LexEvent
from fulfillment.lex.limits import MAX_ADDED_MESSAGES
from fulfillment.lex.messages import Button, Card, Text
from fulfillment.memory import Exchange
from fulfillment.memory.conversation import ATTRIBUTE, Conversation
from fulfillment.models.base import Message, Prompt, ToolCall, ToolResult
from fulfillment.models.tool_loop import ToolLoop
from fulfillment.settings import Settings
from fulfillment.testing import ScriptedModel
from fulfillment.turn import Turn
from tests.fakes import FakeClock, FakeMemory
from tests.turns import dialog_event, intent_event

SETTINGS = Settings(system_prompt="Be brief.", max_tokens=50)
ID = "a" * 32


@pytest.fixture
def make_turn(event: dict[str, Any]) -> Callable[..., Turn]:
    """Return a function that makes a turn of an event on a model."""

    def make(
        model: ScriptedModel | None = None,
        of: dict[str, Any] = event,
        settings: Settings = SETTINGS,
        conversation: Conversation | None = None,
        seconds_left: Callable[..., Any] = lambda: 20.0,
    ) -> Turn:
        parsed = LexEvent.from_dict(of)
        assistant = Assistant(
            model or ScriptedModel("ok", repeats=True),
            settings,
            ToolLoop(seconds_left),
            conversation or Conversation(None, {}),
            locale=parsed.locale,
        )
        return Turn(parsed, Dialog(parsed, max_bytes=12_000), assistant)

    return make


@pytest.fixture
def order(event: dict[str, Any]) -> dict[str, Any]:
    """An intent with slots that is to be fulfilled."""
    return intent_event(event, "Order", slots={"Item": lex.slot_of("lamp"), "Size": None})


def remembered(*exchanges: Exchange, **options: Any) -> Conversation:
    """Return a conversation with earlier turns."""
    memory = FakeMemory({ID: exchanges})
    conversation = Conversation(memory, {ATTRIBUTE: ID}, **options)
    conversation.load()
    return conversation


def model_of(turn: Turn) -> ScriptedModel:
    model = turn._assistant._model
    assert isinstance(model, ScriptedModel)
    return model


def asked(turn: Turn, *args: str, **options: Any) -> Prompt:
    """Ask the turn's model, and return what it was asked."""
    list(turn.ask(*args, **options))
    return model_of(turn).prompts[-1]


def test_a_turn_says_what_was_asked_and_by_whom(
    make_turn: Callable[..., Turn], event: dict[str, Any]
) -> None:
    turn = make_turn()
    assert turn.utterance == "and for two people?"
    assert turn.intent == "FallbackIntent"
    assert turn.session_id == "session-1"
    assert turn.locale == "en_US"
    assert turn.input_mode == "Text"
    assert turn.session_attributes["appContext"] == "{}"
    assert turn.request_attributes == {}
    assert turn.confirmation is None
    assert turn.slots == {}
    assert turn.event == event
    assert turn.event["bot"]["name"] == "Demo"


def test_a_turn_says_what_was_understood(
    make_turn: Callable[..., Turn], event: dict[str, Any]
) -> None:
    slots = {
        "Item": {
            "shape": "Scalar",
            "value": {
                "originalValue": "lite",
                "interpretedValue": "light",
                "resolvedValues": ["light", "lamp"],
            },
        },
        "Colours": lex.slot_of(["red", "blue"]),
        "Address": {"shape": "Composite", "subSlots": {"City": lex.slot_of("Bern")}},
        "Size": None,
    }
    turn = make_turn(of=intent_event(event, "Order", slots=slots, confirmationState="Denied"))
    assert turn.slots == {
        "Item": "light",
        "Colours": ["red", "blue"],
        "Address": {"City": "Bern"},
        "Size": None,
    }
    assert turn.resolutions["Item"] == ["light", "lamp"]
    assert turn.confirmation == "Denied"


def test_a_turn_says_how_long_it_may_take(make_turn: Callable[..., Turn]) -> None:
    clock = FakeClock(3.0)
    turn = make_turn(seconds_left=lambda: 24.5 - clock())
    assert turn.seconds_left == 21.5
    clock.advance(2)
    assert turn.seconds_left == 19.5


def test_the_attributes_of_a_turn_cannot_be_replaced(
    make_turn: Callable[..., Turn], event: dict[str, Any]
) -> None:
    turn = make_turn()
    with pytest.raises(HandlerError, match="changed in place"):
        turn.session_attributes = {}
    turn.session_attributes["seen"] = "yes"
    turn.session_attributes |= {"count": "1"}
    assert turn.session_attributes["count"] == "1"
    assert "seen" not in event["sessionState"]["sessionAttributes"]


def test_a_slot_is_read_as_text(make_turn: Callable[..., Turn], event: dict[str, Any]) -> None:
    slots = {
        "Item": lex.slot_of("lamp"),
        "Size": None,
        "Colours": lex.slot_of(["red", "blue"]),
        "Address": {"shape": "Composite", "subSlots": {"City": lex.slot_of("Bern")}},
    }
    turn = make_turn(of=intent_event(event, "Order", slots=slots))
    assert turn.slot("Item") == "lamp"
    assert turn.slot("Size") is turn.slot("Weight") is None
    with pytest.raises(HandlerError, match="slot Colours holds a list: read turn.slots"):
        turn.slot("Colours")
    with pytest.raises(HandlerError, match="slot Address holds a dict"):
        turn.slot("Address")


@pytest.mark.parametrize(
    ("state", "confirmation"),
    [("None", None), ("Confirmed", "Confirmed"), ("Denied", "Denied"), ("Whatever", None)],
)
def test_a_confirmation_is_an_answer_or_none(
    make_turn: Callable[..., Turn], event: dict[str, Any], state: str, confirmation: str | None
) -> None:
    turn = make_turn(of=intent_event(event, "Order", confirmationState=state))
    assert turn.confirmation == confirmation


# --- asking the model


def test_ask_asks_the_utterance_as_the_settings_say(make_turn: Callable[..., Turn]) -> None:
    settings = SETTINGS._replace(temperature=0.4, top_p=0.9)
    model = ScriptedModel(["For two: ", "20 minutes."])
    turn = make_turn(model, settings=settings)
    assert list(turn.ask()) == ["For two: ", "20 minutes."]
    (prompt,) = model.prompts
    assert prompt.messages == (Message("user", "and for two people?"),)
    assert (prompt.system, prompt.max_tokens) == ("Be brief.", 50)
    assert (prompt.temperature, prompt.top_p) == (0.4, 0.9)
    assert (prompt.stop_sequences, prompt.tools) == ((), ())


@pytest.mark.parametrize(
    ("option", "value", "kept"),
    [
        ("system", "Rhyme.", "Rhyme."),
        ("system", "", ""),
        ("max_tokens", 9, 9),
        ("temperature", 0.0, 0.0),
        ("top_p", 0.5, 0.5),
        ("stop_sequences", ["\n", "END"], ("\n", "END")),
    ],
)
def test_ask_takes_what_the_settings_say_otherwise(
    make_turn: Callable[..., Turn],
    option: str,
    value: str | float | list[str],
    kept: str | float | tuple[str, str],
) -> None:
    settings = SETTINGS._replace(temperature=0.4, top_p=0.9)
    prompt = asked(make_turn(settings=settings), **{option: value})
    assert getattr(prompt, option) == kept


def test_ask_takes_other_words(make_turn: Callable[..., Turn]) -> None:
    assert asked(make_turn(), "What?").messages == (Message("user", "What?"),)


@pytest.mark.parametrize("words", [(), ("",), (" \n",), ("\u200b",)])
def test_a_blank_question_is_asked_of_no_model(
    make_turn: Callable[..., Turn], event: dict[str, Any], words: tuple[str, ...]
) -> None:
    model = ScriptedModel("Hello.")
    turn = make_turn(of=event | {"inputTranscript": " \t"}, model=model)
    assert list(turn.ask(*words)) == []
    assert model.prompts == []


@pytest.mark.parametrize(
    ("locale", "system"),
    [("de_DE", "Deutsch."), ("de_AT", "Servus."), ("fr_CA", "Be brief."), ("", "Be brief.")],
)
def test_each_locale_may_have_a_system_prompt(
    make_turn: Callable[..., Turn], event: dict[str, Any], locale: str, system: str
) -> None:
    settings = SETTINGS._replace(system_prompts={"de": "Deutsch.", "de_AT": "Servus."})
    of = event | {"bot": {"localeId": locale}}
    assert asked(make_turn(of=of, settings=settings)).system == system


def test_another_model_may_be_asked(make_turn: Callable[..., Turn]) -> None:
    other = ScriptedModel("from the other")
    turn = make_turn(ScriptedModel("from the settings'"))
    assert list(turn.ask(model=other)) == ["from the other"]
    assert model_of(turn).prompts == []


def test_progress_and_the_models_text_are_one_reply(make_turn: Callable[..., Turn]) -> None:
    turn = make_turn(ScriptedModel(["It is ", "here."]))

    def answer() -> Iterator[str]:
        yield "Looking…\n"
        yield from turn.ask("Where?")

    assert "".join(answer()) == "Looking…\nIt is here."


def test_functions_are_tools_that_the_model_may_call(make_turn: Callable[..., Turn]) -> None:
    def find_order(order_id: str) -> str:
        """Find an order."""
        return f"{order_id} is on its way"

    call = ToolCall("c1", "find_order", {"order_id": "A-1"})
    model = ScriptedModel([call, "It is on its way."])
    assert list(make_turn(model).ask(tools=[find_order])) == ["It is on its way."]
    assert [spec.name for spec in model.prompts[0].tools] == ["find_order"]
    assert model.prompts[1].tools == model.prompts[0].tools
    assert model.prompts[1].messages[-1].tool_results == (ToolResult("c1", "A-1 is on its way"),)


def test_no_model_is_asked_with_what_is_no_tool(make_turn: Callable[..., Turn]) -> None:
    turn = make_turn()
    with pytest.raises(ToolError):
        turn.ask(tools=[lambda: None])
    assert model_of(turn).prompts == []


def test_an_answer_that_is_never_read_warns(make_turn: Callable[..., Turn]) -> None:
    turn = make_turn()
    with pytest.warns(RuntimeWarning, match=r"called turn\.ask\(…\) and never read"):
        turn.ask()
    assert model_of(turn).prompts == []


def test_leaving_an_answer_stops_the_model(make_turn: Callable[..., Turn]) -> None:
    turn = make_turn(ScriptedModel(["One", "Two"]))

    def answer() -> Generator[str, None, None]:
        yield from turn.ask()

    chunks = answer()
    assert next(chunks) == "One"
    chunks.close()
    assert model_of(turn).streams[0].completion is None


# --- what was said before


def test_the_model_is_told_the_earlier_turns(make_turn: Callable[..., Turn]) -> None:
    turn = make_turn(conversation=remembered(Exchange("How long?", "20 minutes.")))
    prompt = asked(turn)
    assert prompt.messages == (
        Message("user", "How long?"),
        Message("assistant", "20 minutes."),
        Message("user", "and for two people?"),
    )
    assert prompt.system == "Be brief."


def test_another_model_shares_the_conversations_id(make_turn: Callable[..., Turn]) -> None:
    conversation, model = remembered(Exchange("How long?", "20 minutes.")), ScriptedModel("Hello.")
    turn = make_turn(conversation=conversation)
    assert asked(turn).conversation_id == ""
    list(turn.ask(model=model))
    assert model.prompts[0].conversation_id == ID
    assert conversation.attributes == {ATTRIBUTE: ID}


def test_a_question_may_be_without_history(make_turn: Callable[..., Turn]) -> None:
    turn = make_turn(conversation=remembered(Exchange("How long?", "20 mi", cut=True)))
    prompt = asked(turn, history=False)
    assert prompt.messages == (Message("user", "and for two people?"),)
    assert prompt.system == "Be brief."


@pytest.mark.parametrize(("system", "told"), [("Be brief.", f"Be brief.\n\n{GO_ON}"), ("", GO_ON)])
def test_after_a_cut_the_model_is_told_to_go_on(
    make_turn: Callable[..., Turn], system: str, told: str
) -> None:
    turn = make_turn(conversation=remembered(Exchange("Tell me.", "Once upon", cut=True)))
    assert asked(turn, system=system).system == told


def test_an_old_cut_is_not_gone_on_with(make_turn: Callable[..., Turn]) -> None:
    exchanges = [Exchange("Tell me.", "Once upon", cut=True), Exchange("Stop.", "Very well.")]
    assert asked(make_turn(conversation=remembered(*exchanges))).system == "Be brief."


def test_a_slow_memory_is_not_waited_for(make_turn: Callable[..., Turn]) -> None:
    memory = FakeMemory({ID: [Exchange("How long?", "20 minutes.")]})
    # Its loading never ends.
    conversation = Conversation(memory, {ATTRIBUTE: ID}, load_seconds=0.01)
    turn = make_turn(conversation=conversation)
    assert asked(turn).messages == (Message("user", "and for two people?"),)
    assert isinstance(conversation.error, TimeoutError)


# --- what Lex does next


def test_by_default_a_turn_closes_a_check_delegates(
    make_turn: Callable[..., Turn], order: dict[str, Any], event: dict[str, Any]
) -> None:
    assert make_turn(of=order)._dialog.decision.action == Action("Close")
    assert make_turn(of=dialog_event(event))._dialog.decision.action == Action("Delegate")
    fallback = dialog_event(event, "FallbackIntent")
    assert make_turn(of=fallback)._dialog.decision.action == Action("Close")


@pytest.mark.parametrize(
    ("say", "action", "prompt"),
    [
        (lambda turn: turn.close(), Action("Close"), ""),
        (lambda turn: turn.close(failed=True), Action("Close", failed=True), ""),
        (lambda turn: turn.elicit_slot("Size"), Action("ElicitSlot", "Size"), ""),
        (lambda turn: turn.elicit_slot("Size", "How?"), Action("ElicitSlot", "Size"), "How?"),
        (lambda turn: turn.confirm("Shall I?"), Action("ConfirmIntent"), "Shall I?"),
        (lambda turn: turn.elicit_intent("What else?"), Action("ElicitIntent"), "What else?"),
    ],
)
@pytest.mark.parametrize("is_dialog", [True, False])
def test_a_function_may_say_what_lex_does_next(
    make_turn: Callable[..., Turn],
    event: dict[str, Any],
    say: Callable[..., Any],
    action: Action,
    prompt: str,
    is_dialog: bool,
) -> None:
    of = dialog_event(event) if is_dialog else intent_event(event, "Order")
    turn = make_turn(of=of)
    say(turn)
    assert (turn._dialog.decision.action, turn._dialog.decision.prompt) == (action, prompt)


def test_the_last_word_counts(make_turn: Callable[..., Turn], event: dict[str, Any]) -> None:
    turn = make_turn(of=dialog_event(event))
    turn.elicit_slot("Size", "Which size?")
    turn.confirm("Shall I?")
    turn.delegate()
    assert (turn._dialog.decision.action, turn._dialog.decision.prompt) == (Action("Delegate"), "")


def test_only_a_check_can_delegate(make_turn: Callable[..., Turn], order: dict[str, Any]) -> None:
    turn = make_turn(of=order)
    turn.close(failed=True)
    with pytest.raises(HandlerError):
        turn.delegate()
    assert turn._dialog.decision.action == Action("Close", failed=True)


def test_slots_can_be_filled_and_emptied(
    make_turn: Callable[..., Turn], order: dict[str, Any]
) -> None:
    turn = make_turn(of=order)
    turn.set_slot("Item", None)
    turn.set_slot("Size", "large")
    turn.set_slot("Colours", ["red", "blue"])
    assert turn._dialog.slots == {
        "Item": None,
        "Size": lex.slot_of("large"),
        "Colours": lex.slot_of(["red", "blue"]),
    }
    assert order["sessionState"]["intent"]["slots"]["Item"] is not None


def test_what_was_decided_does_not_change_afterwards(
    make_turn: Callable[..., Turn], order: dict[str, Any]
) -> None:
    turn = make_turn(of=order)
    turn.add_message("One")
    decision, slots = turn._dialog.decision, turn._dialog.slots
    turn.add_message("Two")
    turn.confirm("Shall I?")
    turn.set_slot("Item", "chair")
    assert decision.messages == [Text("One")]
    assert decision.action == Action("Close")
    assert slots["Item"] == lex.slot_of("lamp")


@pytest.mark.parametrize("slot", ["", " ", None, 5])
def test_a_slot_to_elicit_has_a_name(make_turn: Callable[..., Turn], slot: Any) -> None:
    turn = make_turn()
    with pytest.raises(HandlerError, match="takes the name of a slot"):
        turn.elicit_slot(slot, "Which?")
    assert turn._dialog.decision == Decision()


@pytest.mark.parametrize(
    "ask",
    [
        lambda turn: turn.elicit_slot("Size", 5),
        lambda turn: turn.confirm(None),
        lambda turn: turn.elicit_intent(["What else?"]),
    ],
)
def test_a_question_is_text(make_turn: Callable[..., Turn], ask: Callable[..., Any]) -> None:
    with pytest.raises(HandlerError, match="a message is text"):
        ask(make_turn())


# --- messages and cards


def test_messages_and_cards_are_added_in_their_order(make_turn: Callable[..., Turn]) -> None:
    turn = make_turn()
    turn.add_card("Lamp", "lit", "https://x/lamp.png", [("More", "Tell me more")])
    turn.add_message("**One**")
    turn.confirm("Shall I?")
    turn.add_message("Two", "PlainText")
    turn.add_card("Chair")
    assert turn._dialog.decision.messages == [
        Text("**One**"),
        Text("Two", "PlainText"),
        Text("Shall I?"),
        Card("Lamp", "lit", "https://x/lamp.png", [Button("More", "Tell me more")]),
        Card("Chair", buttons=[]),
    ]


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (("Hello.", "Markdown"), "'Markdown' is no content type of Lex: CustomPayload, Plain"),
        (("Hello.", None), "None is no content type"),
        ((5,), "a message is text, not int"),
    ],
)
def test_a_message_that_lex_does_not_take_is_not_added(
    make_turn: Callable[..., Turn], message: tuple[Any, ...], problem: str
) -> None:
    turn = make_turn()
    with pytest.raises(HandlerError, match=problem):
        turn.add_message(*message)
    assert turn._dialog.decision.messages == []


def test_buttons_may_be_named(make_turn: Callable[..., Turn]) -> None:
    turn = make_turn()
    turn.add_card("Lamp", buttons=[Button("More", value="Tell me more"), ("Less", "Be brief")])
    (card,) = turn._dialog.decision.cards
    assert card.buttons == [Button("More", "Tell me more"), Button("Less", "Be brief")]


def test_more_messages_than_lex_takes_are_refused(make_turn: Callable[..., Turn]) -> None:
    turn = make_turn()
    for number in range(MAX_ADDED_MESSAGES // 2):
        turn.add_message(f"Message {number}")
        turn.add_card(f"Card {number}")
    with pytest.raises(HandlerError, match="at most 8"):
        turn.add_message("one more")
    with pytest.raises(HandlerError, match="at most 8"):
        turn.add_card("one more")
    assert len(turn._dialog.decision.messages) == MAX_ADDED_MESSAGES
    # A question still has its place.
    turn.confirm("Shall I?")
    assert len(turn._dialog.decision.messages) == MAX_ADDED_MESSAGES + 1


@pytest.mark.parametrize(
    "add",
    [
        lambda turn: turn.add_message("word " * 3_000),
        lambda turn: turn.add_message("字" * 4_500),
        lambda turn: turn.confirm("word " * 3_000),
    ],
)
def test_half_of_the_response_is_the_replys(
    make_turn: Callable[..., Turn], add: Callable[..., Any]
) -> None:
    turn = make_turn()
    turn.add_message("Hello.")
    with pytest.raises(HandlerError, match="at most 12000 bytes"):
        add(turn)
    assert turn._dialog.decision.messages == [Text("Hello.")]


@pytest.mark.parametrize(
    ("card", "named"),
    [
        ({"title": ""}, "title"),
        ({"title": "t", "buttons": [("b", "")]}, "a text and a value"),
        ({"title": "t" * 251}, "title"),
        ({"title": "t", "buttons": [("b", "v")] * 6}, "buttons"),
        ({"title": "t", "buttons": [("b" * 51, "v")]}, "button's text"),
    ],
)
def test_a_card_beyond_lexs_limits_is_not_added(
    make_turn: Callable[..., Turn], card: dict[str, Any], named: str
) -> None:
    turn = make_turn()
    with pytest.raises(HandlerError, match=named):
        turn.add_card(**card)
    assert turn._dialog.decision.messages == []
