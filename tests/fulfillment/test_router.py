from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from fulfillment import Bot, Router
from fulfillment.errors import RegistrationError
from fulfillment.handlers import AnyHandler
from fulfillment.testing import run
from fulfillment.turn import Turn


async def asynchronous(turn: Any) -> Any:
    return "Hello."


async def asynchronous_chunks(turn: Any) -> AsyncGenerator[Any, None]:
    yield "Hello."


class Asynchronous:
    async def __call__(self, turn: Any) -> Any:
        return "Hello."


def without_turn() -> Any:
    return "Hello."


def like_a_lambda(event: Any, context: Any) -> Any:
    return "Hello."


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (asynchronous, "asynchronous is async"),
        (asynchronous_chunks, "asynchronous_chunks is async"),
        (Asynchronous(), "Asynchronous is async"),
        (functools.partial(asynchronous), "asynchronous is async"),
        (without_turn, r"without_turn\(\) cannot be called with \(turn\)"),
        (like_a_lambda, r"like_a_lambda\(event, context\) cannot be called with \(turn\)"),
        ("Hello.", "a handler is a function, not str"),
    ],
)
@pytest.mark.parametrize("decorator", [Router.intent, Router.dialog])
def test_what_would_fail_at_each_turn_is_refused(
    decorator: Callable[..., Callable[[AnyHandler], AnyHandler]], function: Any, problem: str
) -> None:
    with pytest.raises(RegistrationError, match=problem):
        decorator(Router(), "Order")(function)


def test_an_error_handler_takes_the_error_too() -> None:
    with pytest.raises(RegistrationError, match=r"cannot be called with \(turn, error\)"):
        Router().error(KeyError)(lambda turn: "Sorry.")  # type: ignore[type-var]


@pytest.mark.parametrize(
    "function",
    [
        lambda turn, order="A-17": order,
        lambda *args, **options: "Hello.",
        functools.partial(lambda shop, turn: shop, "shop"),
        ["Hello."].append,
    ],
)
def test_what_can_be_called_with_a_turn_is_taken(function: Any) -> None:
    assert Router().intent("Order")(function) is function


@pytest.mark.parametrize(
    ("decorator", "key", "named"),
    [
        (Router.intent, "Order", "two handlers for the intent Order: .*first and .*second"),
        (Router.dialog, "Order", "two handlers for the dialog Order: .*first and .*second"),
        (Router.error, KeyError, "two handlers for the error KeyError: .*first and .*second"),
    ],
)
def test_a_second_handler_is_refused(
    decorator: Callable[..., Any], key: str | type[Any], named: str
) -> None:
    router = Router()

    def first(*args: Any) -> Any:
        return "First."

    def second(*args: Any) -> Any:
        return "Second."

    decorator(router, key)(first)
    with pytest.raises(RegistrationError, match=named):
        decorator(router, key)(second)


def test_an_intent_and_its_dialog_are_two_things() -> None:
    router = Router()

    def answer(turn: Turn) -> str:
        turn.close()
        return "Hello."

    router.intent("Order")(router.dialog("Order")(answer))
    bot = Bot()
    bot.include(router)
    for hook in ("DialogCodeHook", "FulfillmentCodeHook"):
        assert run(bot, "Order!", intent="Order", hook=hook).reply == "Hello."


def test_a_decorator_takes_what_its_handler_is_for() -> None:
    def forgot_the_brackets(*_: Any) -> str:
        return "Hello."

    router = Router()
    names: tuple[Any, ...]
    kinds: tuple[Any, ...]
    for decorator in (router.intent, router.dialog):
        for names in ((), (forgot_the_brackets,)):
            with pytest.raises(RegistrationError, match=r'@bot\.\w+\("TrackOrder"\)'):
                decorator(*names)
    for kinds in ((), (forgot_the_brackets,), (str,), (SystemExit,)):
        with pytest.raises(RegistrationError, match=r"@bot.error\(OrderNotFound\)"):
            router.error(*kinds)
