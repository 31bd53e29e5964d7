import asyncio

import pytest

from fulfillment import Bot
from fulfillment.clients import Resources
from fulfillment.errors import ModelUnavailable
from fulfillment.memory import Exchange
from fulfillment.settings import Settings
from fulfillment.testing import ScriptedModel
from websocket_stack.server.bot_source import BotSource
from websocket_stack.server.source import Question


def ask(bot, model, earlier=()):
    resources = Resources(Settings(), model)

    async def run():
        answer = BotSource(bot, resources, 0.0).answer(Question("hi", earlier, "session", 10))
        return "".join([chunk async for chunk in answer.chunks()]), answer

    return asyncio.run(run())


def bot_on(model):
    return Bot(resources=Resources(Settings(), model))


def test_a_model_answers_where_the_bot_has_no_fallback():
    model = ScriptedModel(["Hello."])
    text, answer = ask(bot_on(model), model, [Exchange("one", "1")])
    assert text == answer.last_text == "Hello."
    assert [message.text for message in model.prompts[0].messages] == ["one", "1", "hi"]
    assert len(answer.completions) == 1


def test_a_bots_handler_answers():
    bot = bot_on(ScriptedModel([]))

    @bot.fallback
    def answer(turn):
        yield f"You said {turn.utterance}"
        turn.add_message("More.")

    assert ask(bot, ScriptedModel([]))[0] == "You said hi\n\nMore."


def test_a_model_that_fails_is_raised():
    model = ScriptedModel([ModelUnavailable("down")])
    with pytest.raises(ModelUnavailable):
        ask(bot_on(model), model)
