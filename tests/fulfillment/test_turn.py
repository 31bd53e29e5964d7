from fakes import FakeModel
from fulfillment.lex import LexEvent
from fulfillment.models.base import Message
from fulfillment.settings import Settings
from fulfillment.turn import Turn

SETTINGS = Settings(system_prompt="Be brief.", max_tokens=50)


def turn_of(load_event, model):
    return Turn(LexEvent.from_dict(load_event("lex_web_ui_second_turn")), model, SETTINGS)


def test_a_turn_says_what_was_asked_and_by_whom(load_event):
    turn = turn_of(load_event, FakeModel())
    assert turn.utterance == "and for two people?"
    assert turn.intent == "FallbackIntent"
    assert turn.locale == "en_US"
    assert turn.input_mode == "Text"
    assert turn.session_attributes["appContext"] == "{}"
    assert turn.slots == {}


def test_ask_asks_the_utterance_as_the_settings_say(load_event):
    model = FakeModel("For two: ", "20 minutes.")
    assert list(turn_of(load_event, model).ask()) == ["For two: ", "20 minutes."]
    (prompt,) = model.prompts
    assert prompt.messages == (Message("user", "and for two people?"),)
    assert (prompt.system, prompt.max_tokens) == ("Be brief.", 50)


def test_ask_takes_other_words(load_event):
    model = FakeModel("ok")
    list(turn_of(load_event, model).ask("What?", system="Rhyme.", max_tokens=9))
    (prompt,) = model.prompts
    assert prompt.messages == (Message("user", "What?"),)
    assert (prompt.system, prompt.max_tokens) == ("Rhyme.", 9)


def test_how_each_call_ended_is_kept(load_event):
    turn = turn_of(load_event, FakeModel("ok"))
    list(turn.ask())
    list(turn.ask())
    assert [completion.output_tokens for completion in turn.completions] == [5, 5]


def test_closing_a_turn_stops_its_calls_and_those_to_come(load_event):
    model = FakeModel("a", "b")
    turn = turn_of(load_event, model)
    chunks = turn.ask()
    next(chunks)
    turn.close()
    assert list(chunks) == []
    assert list(turn.ask()) == []
    assert all(answer.closed.is_set() for answer in model.answers[:1])
