from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from fulfillment import Bot
from fulfillment.clients import Resources
from fulfillment.errors import ModelUnavailable
from fulfillment.memory import Exchange
from fulfillment.settings import Settings
from fulfillment.testing import ScriptedModel
from websocket_stack.server.bot_source import BotSource
from websocket_stack.server.source import Question


def ask(bot: Any, model: Any, earlier: Any = ()) -> Any:
    resources = Resources(Settings(), model)

    async def run() -> Any:
        answer = BotSource(bot, resources, 0.0).answer(Question("hi", earlier, "session", 10))
        return "".join([chunk async for chunk in answer.chunks()]), answer

    return asyncio.run(run())


def bot_on(model: Any) -> Bot:
    return Bot(resources=Resources(Settings(), model))


def test_a_model_answers_where_the_bot_has_no_fallback() -> None:
    model = ScriptedModel(["Hello."])
    text, answer = ask(bot_on(model), model, [Exchange("one", "1")])
    assert text == answer.last_text == "Hello."
    assert [message.text for message in model.prompts[0].messages] == ["one", "1", "hi"]
    assert len(answer.completions) == 1


def test_a_bots_handler_answers() -> None:
    bot = bot_on(ScriptedModel([]))

    @bot.fallback
    def answer(turn: Any) -> Iterator[Any]:
        yield f"You said {turn.utterance}"
        turn.add_message("More.")

    assert ask(bot, ScriptedModel([]))[0] == "You said hi\n\nMore."


def test_a_model_that_fails_is_raised() -> None:
    model = ScriptedModel([ModelUnavailable("down")])
    with pytest.raises(ModelUnavailable):
        ask(bot_on(model), model)
