from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from fulfillment import Bot
from fulfillment.errors import HandlerError
from fulfillment.handlers import chunks_of, place_in, wrapped
from fulfillment.streaming.stream import Chunks
from fulfillment.testing import run
from fulfillment.testing.events import Hook
from fulfillment.turn import Turn

# Middleware that is called by itself looks at no turn.
NO_TURN: Any = None


def chunks_then(*steps: Any) -> Iterator[Any]:
    """Yield the steps; raise those that are errors."""
    for step in steps:
        if isinstance(step, BaseException):
            raise step
        yield step


class Held:
    """Chunks that hold something which has to be let go of."""

    def __init__(self, *chunks: str | int) -> None:
        self._chunks = iter(chunks)
        self.closed = False

    def __iter__(self) -> Iterator[Any]:
        return self._chunks

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("answered", "chunks"),
    [
        ("all at once", ["all at once"]),
        ("", [""]),
        (None, []),
        ([], []),
        (["a", "b"], ["a", "b"]),
        (("a", "b"), ["a", "b"]),
        (iter(["a", "b"]), ["a", "b"]),
        (chunks_then("a", "", "b"), ["a", "", "b"]),
        (map(str.upper, "ab"), ["A", "B"]),
    ],
)
def test_a_handler_returns_text_or_yields_chunks(answered: Any, chunks: list[str]) -> None:
    assert list(chunks_of(answered)) == chunks


@pytest.mark.parametrize(
    ("answered", "named"),
    [
        (5, "int"),
        ({"text": "secret"}, "dict"),
        (b"secret", "int"),
        (object(), "object"),
        (["a", 5], "int"),
        (chunks_then("a", b"secret"), "bytes"),
        (chunks_then("a", None), "NoneType"),
        (chunks_then(["secret"]), "list"),
    ],
)
def test_what_is_not_text_is_refused_by_its_type(answered: Any, named: str) -> None:
    with pytest.raises(HandlerError, match=named) as caught:
        list(chunks_of(answered))
    assert "secret" not in str(caught.value)


def asks(turn: Turn) -> Iterator[Any]:
    yield "Well: "
    yield turn.ask()


def counts(turn: Turn) -> Any:
    return 42


def counts_in_a_list(turn: Turn) -> Any:
    return [42]


class Counter:
    def __call__(self, turn: Turn) -> Any:
        return 42


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (
            asks,
            r"asks \(test_handlers.py, line {2}\): it yields turn.ask\(…\) and not its text."
            r" Write: yield from turn.ask\(…\)",
        ),
        (counts, r"counts \(test_handlers.py, line {0}\): .* returns or yields text, not int"),
        (functools.partial(counts), r"counts \(test_handlers.py, line {0}\): .* text, not int"),
        (counts_in_a_list, r"counts_in_a_list \(test_handlers.py, line {0}\): .* text, not int"),
        (Counter(), r"Counter: a handler returns or yields text, not int"),
    ],
)
def test_a_handler_that_gives_no_text_is_named_with_its_place(handler: Any, message: str) -> None:
    bot = Bot()
    bot.fallback(handler)
    line = getattr(handler, "__code__", counts.__code__).co_firstlineno
    # Warnings are errors here, so that this is the only word on it.
    with pytest.raises(HandlerError, match=f"^{message.format(line, line + 1, line + 2)}$"):
        run(bot, "Hello", model=["Hi!"])


def test_a_place_is_in_the_handlers_folder_however_deep_it_hangs() -> None:
    begun, ends = threading.Event(), threading.Event()

    def looks_up() -> str:
        begun.set()
        ends.wait(20)
        return "found"

    def answer() -> Iterator[str]:
        yield from chunks_of([looks_up()])

    thread = threading.Thread(target=lambda: list(chunks_of(answer())))
    thread.start()
    try:
        assert begun.wait(20)
        line = looks_up.__code__.co_firstlineno
        assert place_in(thread) in (f"{__file__}:{line + each} looks_up" for each in (1, 2))
    finally:
        ends.set()
        thread.join()
    assert place_in(thread) == place_in(None) == ""


def test_a_thread_in_no_handler_has_no_place() -> None:
    ends = threading.Event()
    thread = threading.Thread(target=ends.wait)
    thread.start()
    assert place_in(thread) == ""
    ends.set()
    thread.join()


def test_what_was_yielded_before_an_error_is_there() -> None:
    chunks = chunks_of(chunks_then("a", ValueError("x")))
    assert next(chunks) == "a"
    with pytest.raises(ValueError):
        next(chunks)


@pytest.mark.parametrize("read", [0, 1, 2])
def test_what_is_left_early_lets_go(read: int) -> None:
    held = Held("a", "b", "c")
    chunks = chunks_of(held)
    next(chunks)
    for _ in range(read):
        next(chunks)
    chunks.close()
    assert held.closed


@pytest.mark.parametrize("chunk", ["a", 5])
def test_what_is_read_to_its_end_lets_go_too(chunk: str | int) -> None:
    held = Held(chunk)
    try:
        list(chunks_of(held))
    except HandlerError:
        pass
    assert held.closed


def test_a_chunk_is_there_before_the_next_is_made() -> None:
    gate = threading.Event()

    def answer() -> Iterator[str]:
        yield "a"
        assert gate.wait(5)
        yield "b"

    chunks = chunks_of(answer())
    assert next(chunks) == "a"
    gate.set()
    assert next(chunks) == "b"


def yields(turn: Any, answer: Callable[..., Chunks]) -> Iterator[str]:
    yield "<"
    yield from answer(turn)
    yield ">"


def returns_text(turn: Any, answer: Callable[..., Chunks]) -> str:
    return f"<{''.join(answer(turn))}>"


def returns_what_comes(turn: Any, answer: Callable[..., Chunks]) -> Chunks:
    return answer(turn)


def returns_nothing(turn: Any, answer: Callable[..., Chunks]) -> None:
    return None


@pytest.mark.parametrize(
    ("middleware", "text"),
    [(yields, "<ab>"), (returns_text, "<ab>"), (returns_what_comes, "ab"), (returns_nothing, "")],
)
def test_a_middleware_is_read_as_any_handler_is(middleware: Callable[..., Any], text: str) -> None:
    turn: Any = "a"

    def answer(turn: Any) -> Generator[str, None, None]:
        return chunks_of([turn, "b"])

    assert "".join(wrapped(answer, middleware)(turn)) == text


def test_a_middleware_that_never_reads_its_handler_warns() -> None:
    def forgets(turn: Any, handler: Callable[..., Chunks]) -> None:
        handler(turn)

    with pytest.warns(RuntimeWarning, match=r"forgets called handler\(turn\) and never read"):
        assert list(wrapped(lambda turn: chunks_of("a"), forgets)(NO_TURN)) == []


def test_a_middleware_need_not_call_its_handler() -> None:
    # Warnings are errors here.
    assert list(wrapped(lambda turn: chunks_of("a"), lambda turn, handler: "b")(NO_TURN)) == ["b"]


def test_leaving_a_middleware_leaves_its_handler() -> None:
    held = Held("a", "b")
    chunks = wrapped(lambda turn: chunks_of(held), returns_what_comes)(NO_TURN)
    next(chunks)
    chunks.close()
    assert held.closed


# --- what answers instead of an apology


class OrderNotFound(LookupError):
    pass


def failing(*steps: str | BaseException) -> Bot:
    """Return a bot whose handler yields these steps, or raises them."""
    bot = Bot()
    bot.intent("Order")(lambda turn: chunks_then(*steps))
    return bot


@pytest.mark.parametrize(
    ("written", "reply"),
    [
        ([], "Not found."),
        (["Looking…"], "Looking…\n\nNot found."),
        (["Looking…\n"], "Looking…\nNot found."),
        (["Looking", "…", ""], "Looking…\n\nNot found."),
    ],
)
@pytest.mark.parametrize(
    "answer", [lambda *_: "Not found.", lambda *_: iter(["", "Not ", "found."])]
)
def test_an_error_is_answered_after_what_was_written(
    written: list[str], reply: str, answer: Callable[..., Any]
) -> None:
    bot = failing(*written, OrderNotFound())
    bot.error(OrderNotFound)(answer)
    assert run(bot, "Where is it?", intent="Order").reply == reply


@pytest.mark.parametrize(
    ("error", "reply"),
    [(OrderNotFound(), "No order."), (IndexError(), "Nothing."), (ValueError(), "Something.")],
)
def test_the_nearest_class_answers(error: Exception, reply: str) -> None:
    bot = failing(error)
    bot.error(Exception)(lambda turn, error: "Something.")
    bot.error(LookupError)(lambda turn, error: "Nothing.")
    bot.error(OrderNotFound)(lambda turn, error: "No order.")
    assert run(bot, "Where is it?", intent="Order").reply == reply


@pytest.mark.parametrize("error", [KeyError(), LookupError(), SystemExit()])
def test_other_errors_are_not_answered(error: BaseException) -> None:
    bot = failing("So far.", error)
    bot.error(OrderNotFound)(lambda turn, error: "No order.")
    with pytest.raises(type(error)):
        run(bot, "Where is it?", intent="Order")
    result = run(bot, "Where is it?", intent="Order", raise_errors=False)
    assert "No order." not in result.reply
    assert result.error is error


def test_an_error_handler_may_fail_itself() -> None:
    bot = failing("So far.", OrderNotFound())

    @bot.error(OrderNotFound)
    def answer(turn: Turn, error: OrderNotFound) -> Iterator[str]:
        yield "No order, "
        raise ZeroDivisionError from error

    with pytest.raises(ZeroDivisionError):
        run(bot, "Where is it?", intent="Order")
    result = run(bot, "Where is it?", intent="Order", raise_errors=False)
    assert result.reply.startswith("So far.\n\nNo order,\n\nSorry")
    assert result.intent_state == "Failed"


def test_an_intent_whose_error_was_answered_has_failed() -> None:
    bot = failing(OrderNotFound())
    bot.error(OrderNotFound)(lambda turn, error: "No order.")
    result = run(bot, "Where is it?", intent="Order")
    assert (result.action, result.intent_state, result.error) == ("Close", "Failed", None)


@pytest.mark.parametrize("hook", ["FulfillmentCodeHook", "DialogCodeHook"])
def test_an_error_handler_may_decide_otherwise(hook: Hook) -> None:
    bot = Bot()

    @bot.intent("Order")
    @bot.dialog("Order")
    def order(turn: Turn) -> None:
        turn.confirm("Shall I?")
        raise OrderNotFound

    @bot.error(OrderNotFound)
    def ask_again(turn: Turn, error: OrderNotFound) -> Iterator[str]:
        yield "No order. "
        turn.elicit_slot("OrderId", "Which one?")

    result = run(bot, "Order!", intent="Order", slots={"OrderId": "Z-9"}, hook=hook)
    assert (result.action, result.slot_to_elicit) == ("ElicitSlot", "OrderId")
    assert result.messages == ["No order.", "Which one?"]


def test_a_dialogs_error_is_said() -> None:
    bot = Bot()

    @bot.dialog("Order")
    def check(turn: Turn) -> None:
        raise OrderNotFound

    bot.error(OrderNotFound)(lambda turn, error: "No order.")
    result = run(bot, "Order!", intent="Order", hook="DialogCodeHook")
    assert (result.reply, result.action, result.intent_state) == ("No order.", "Close", "Failed")


def test_what_an_error_handler_writes_is_streamed() -> None:
    bot = failing("So far.", OrderNotFound())
    bot.error(OrderNotFound)(lambda turn, error: iter(["No ", "order."]))
    result = run(bot, "Where is it?", intent="Order")
    assert result.chunks == ("So far.", "\n\nNo ", "order.")
    assert "".join(result.frames) == "So far.\n\nNo order."


def test_an_error_handler_is_left_with_its_handler() -> None:
    held = Held("a", "b")
    bot = failing(OrderNotFound())
    bot.error(OrderNotFound)(lambda turn, error: held)
    assert run(bot, "Where is it?", intent="Order").reply == "ab"
    assert held.closed
