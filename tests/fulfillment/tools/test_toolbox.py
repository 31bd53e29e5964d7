import functools
import itertools
import json
import re
import threading
from dataclasses import dataclass

import boto3
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from fakes import FakeClock
from fulfillment.errors import LexStreamingError, ToolError
from fulfillment.models.base import ToolCall, ToolResult, ToolSpec
from fulfillment.tools.toolbox import (
    MAX_RESULT_CHARACTERS,
    NAME,
    NO_RESULT,
    Tool,
    Toolbox,
    ToolFailed,
)

SECRET = "the secret of table orders-7"


def order_status(order_id: str, verbose: bool = False) -> str:
    """Look up an order.

    Args:
        order_id: the order's number, such as A-100.
    """
    return f"{order_id} is on its way" + ", by lorry" * verbose


def find_books(subject: str, limit: int = 3):
    """Find books."""
    yield f"Looking for {subject}…\n"
    yield "Sorting…\n"
    return [f"{subject} {number}" for number in range(limit)]


ORDER_STATUS = ToolSpec(
    "order_status",
    "Look up an order.",
    {
        "type": "object",
        "properties": {
            "order_id": {
                "description": "the order's number, such as A-100.",
                "type": "string",
            },
            "verbose": {"type": "boolean"},
        },
        "required": ["order_id"],
    },
)


def call_of(name, arguments):
    return ToolCall("call-1", name, arguments)


def finish(running):
    """Read a running call to its end; return its progress and its result."""
    progress = []
    while True:
        try:
            progress.append(next(running))
        except StopIteration as stop:
            return progress, stop.value


def run(function, *, seconds=5.0, clock=None, **arguments):
    """Run a function as a tool; return its progress and its result."""
    tool = function if isinstance(function, Tool) else Tool(function, description="x")
    toolbox = Toolbox([tool], clock) if clock else Toolbox([tool])
    return finish(toolbox.run(call_of(tool.spec.name, arguments), seconds))


def told(function, **arguments):
    """Return what the model is told of a call that does not fail."""
    _, result = run(function, **arguments)
    assert not result.failed
    return result.text


def refused(function, **arguments):
    """Return what the model is told of a call that fails."""
    _, result = run(function, **arguments)
    assert result.failed
    return result.text


# What a model sees


def test_a_function_is_a_tool_by_its_name_docstring_and_hints():
    assert Tool(order_status).spec == ORDER_STATUS


def test_what_hints_cannot_say_can_be_said():
    schema = {"type": "object", "properties": {"q": {"type": "string", "maxLength": 9}}}
    tool = Tool(lambda **what: what, name="search", description="Search.", schema=schema)
    assert tool.spec == ToolSpec("search", "Search.", schema)
    assert told(tool, q="x") == '{"q": "x"}'
    assert refused(tool, p="x") == "Wrong arguments: p is not known."


def test_converse_takes_the_specs():
    toolbox = Toolbox([order_status, Tool(find_books, name="books-2")])
    tools = [
        {"toolSpec": {"name": name, "description": text, "inputSchema": {"json": schema}}}
        for name, text, schema in toolbox.specs
    ]
    assert [tool["toolSpec"]["name"] for tool in tools] == ["order_status", "books-2"]
    model = boto3.client("bedrock-runtime").meta.service_model
    request = {"modelId": "m", "toolConfig": {"tools": tools}}
    shape = model.operation_model("Converse").input_shape
    assert ParamValidator().validate(request, shape).generate_report() == ""


def test_names_are_what_bedrock_allows():
    allowed = boto3.client("bedrock-runtime").meta.service_model.shape_for("ToolName").metadata
    assert NAME.pattern == allowed["pattern"].replace("+", f"{{{allowed['min']},{allowed['max']}}}")


@pytest.mark.parametrize("name", ["", "a b", "ü", "a" * 65, "<lambda>", "a\n"])
def test_another_name_is_refused(name):
    with pytest.raises(ToolError, match="cannot be the name"):
        Tool(order_status, name=name)


def undocumented(x: int): ...


def only_arguments(x: int):
    """Args:
    x: a number.
    """


async def asynchronous():
    """Wait."""


async def asynchronous_generator():
    """Wait."""
    yield ""


def unhinted(x):
    """Do it."""


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (undocumented, "undocumented has no docstring"),
        (only_arguments, "only_arguments has no docstring"),
        (asynchronous, "asynchronous: a tool is not async"),
        (asynchronous_generator, "asynchronous_generator: a tool is not async"),
        (unhinted, "unhinted: x has no type hint"),
        (object(), "cannot be the name"),
    ],
)
def test_a_function_that_cannot_be_a_tool_is_refused_when_it_is_made_one(function, message):
    with pytest.raises(ToolError, match=message):
        Toolbox([function])


def test_two_tools_of_one_name_are_refused():
    with pytest.raises(ToolError, match="two tools are called order_status"):
        Toolbox([order_status, Tool(find_books, name="order_status")])


class Shop:
    def stock(self, title: str, shelf: int) -> str:
        """Count books."""
        return f"{title} on {shelf}"


def test_bound_methods_and_partials_are_tools():
    assert told(Shop().stock, title="T", shelf=1) == "T on 1"
    assert told(functools.partial(Shop().stock, shelf=7), title="T") == "T on 7"
    assert refused(functools.partial(Shop().stock, shelf=7), title="T", shelf=1) == (
        "Wrong arguments: shelf is not known."
    )


# Arguments


def test_arguments_arrive_as_the_hints_say():
    assert told(order_status, order_id=100, verbose="true") == "100 is on its way, by lorry"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (None, "The arguments were not a JSON object."),
        ({}, "Wrong arguments: order_id is missing."),
        (
            {"id": "A", "order_id": None},
            "Wrong arguments: id is not known; order_id must be a string, not null.",
        ),
    ],
)
def test_a_model_is_told_what_is_wrong_with_its_arguments(arguments, text):
    running = Toolbox([order_status]).run(call_of("order_status", arguments), 5)
    assert finish(running) == ([], ToolResult("call-1", text, failed=True))


def test_a_model_is_told_which_tools_there_are():
    running = Toolbox([order_status, find_books]).run(call_of("orders", {}), 5)
    text = "There is no tool orders. There are: order_status, find_books."
    assert finish(running) == ([], ToolResult("call-1", text, failed=True))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=3,
)


@given(
    st.sampled_from(["order_status", "order status", ""]) | st.text(max_size=3),
    st.none() | st.dictionaries(st.sampled_from(["order_id", "verbose"]) | st.text(), JSON),
)
def test_whatever_a_model_writes_gets_a_result(name, arguments):
    ran = []

    def order_status(order_id: str, verbose: bool = False) -> str:
        """Look up an order."""
        ran.append((order_id, verbose))
        return "There."

    _, result = finish(Toolbox([order_status]).run(call_of(name, arguments), 5))
    assert result.call_id == "call-1"
    assert result.text.strip()
    assert result.failed == (not ran)
    assert all(type(order_id) is str and type(verbose) is bool for order_id, verbose in ran)


# Progress


def test_what_a_generator_yields_is_progress_and_what_it_returns_the_result():
    progress, result = run(find_books, subject="Tea", limit=2)
    assert progress == ["Looking for Tea…\n", "Sorting…\n"]
    assert result == ToolResult("call-1", '["Tea 0", "Tea 1"]')


def test_progress_is_yielded_before_the_tool_goes_on():
    shown = threading.Event()

    def slow():
        yield "Looking…"
        assert shown.wait(5)
        return "Found."

    running = Toolbox([Tool(slow, description="x")]).run(call_of("slow", {}), 5)
    assert next(running) == "Looking…"
    shown.set()
    assert finish(running) == ([], ToolResult("call-1", "Found."))


def test_a_tool_may_announce_each_call():
    tool = Tool(order_status, progress="Looking up the order…\n")
    assert run(tool, order_id="A")[0] == ["Looking up the order…\n"]
    assert run(tool)[0] == []


def test_a_generator_that_is_left_takes_no_further_step_and_is_closed():
    steps = []
    closed = threading.Event()

    def endless():
        try:
            for number in itertools.count():
                steps.append(number)
                yield str(number)
        finally:
            closed.set()

    running = Toolbox([Tool(endless, description="x")]).run(call_of("endless", {}), 5)
    assert [next(running), next(running)] == ["0", "1"]
    running.close()
    assert closed.wait(5)
    assert steps == [0, 1]


def test_leaving_a_tool_that_hangs_does_not_wait_for_it():
    never, ended = threading.Event(), threading.Event()

    def hanging():
        yield "Looking…"
        never.wait(60)
        ended.set()

    running = Toolbox([Tool(hanging, description="x")]).run(call_of("hanging", {}), 60)
    next(running)
    running.close()
    assert not ended.is_set()
    never.set()


# Time


def test_a_tool_that_does_not_finish_is_left():
    never = threading.Event()

    def hanging():
        never.wait(60)

    _, result = run(hanging, seconds=0.01)
    never.set()
    assert result == ToolResult("call-1", "The tool did not finish in 0.01 seconds.", failed=True)


def test_progress_does_not_prolong_a_call():
    clock = FakeClock()

    def endless():
        while True:
            clock.advance(4)
            yield str(clock.now)

    progress, result = run(endless, seconds=10, clock=clock)
    assert progress == ["4.0", "8.0", "12.0"]
    assert result == ToolResult("call-1", "The tool did not finish in 10 seconds.", failed=True)


@pytest.mark.parametrize("seconds", [0, -3.5])
def test_with_no_time_left_a_tool_is_not_called(seconds):
    called = []
    tool = Tool(lambda: called.append(1), name="act", description="Act.", progress="Acting…")
    progress, result = run(tool, seconds=seconds)
    assert (progress, called) == ([], [])
    assert result.failed
    assert result.text == "The tool was not called: there is no time left."


# Failures


def raising(error):
    def tool():
        raise error

    return tool


def raising_later(error):
    def tool():
        yield "Looking…"
        raise error

    return tool


@pytest.mark.parametrize("make", [raising, raising_later])
@pytest.mark.parametrize(
    "error", [ValueError(SECRET), SystemExit(SECRET), LexStreamingError(SECRET), KeyError(SECRET)]
)
def test_of_a_tool_that_raises_the_model_learns_the_type_alone(make, error):
    assert refused(make(error)) == f"The tool failed: {type(error).__name__}."


@pytest.mark.parametrize("make", [raising, raising_later])
def test_a_tool_can_tell_the_model_why_it_failed(make):
    assert refused(make(ToolFailed("There is no order A-100."))) == "There is no order A-100."
    assert refused(make(ToolFailed())) == "The tool failed."


def test_a_failure_is_logged_without_its_message_and_a_told_one_not_at_all(caplog):
    refused(raising(ValueError(SECRET)))
    refused(raising(ToolFailed(SECRET)))
    (record,) = caplog.records
    assert record.error == "ValueError"
    assert "test_toolbox.py" in record.raised_at
    assert SECRET not in str(vars(record))


def test_a_tool_s_own_message_is_not_for_the_log():
    assert not issubclass(ToolFailed, LexStreamingError)


def test_stop_iteration_is_a_failure_like_any_other():
    assert refused(raising(StopIteration(SECRET))) == "The tool failed: StopIteration."


@pytest.mark.parametrize("line", [None, 5, b"x"])
def test_progress_is_text(line):
    def tool():
        yield line

    assert refused(tool) == "The tool failed: AnswerError."


@dataclass
class Even:
    number: int

    def __post_init__(self):
        if self.number % 2:
            raise ValueError(SECRET)


def test_an_argument_s_type_may_refuse_a_value():
    def half(of: Even):
        return of.number // 2

    assert told(half, of={"number": 4}) == "2"
    assert refused(half, of={"number": 3}) == "The tool failed: ValueError."


# Results


def returning(result):
    def tool():
        return result

    return tool


class Unwritable:
    def __str__(self):
        raise ValueError(SECRET)


LOOP: list = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("As it is.", "As it is."),
        ({"ü": [1, None, True]}, '{"ü": [1, null, true]}'),
        ([], "[]"),
        (0, "0"),
        (False, "false"),
        (Shop, json.dumps(str(Shop))),
        (None, NO_RESULT),
        ("", NO_RESULT),
        (" \n", NO_RESULT),
        ("halves \ud83d\ude00, \ud83d", "halves 😀, \ufffd"),
    ],
)
def test_a_result_is_text_or_json_and_never_blank(result, text):
    assert told(returning(result)) == text


def deep():
    """Return a list in a list in a list, deeper than JSON can be written."""
    return functools.reduce(lambda inner, _: [inner], range(100_000), [])


@pytest.mark.parametrize("make", [lambda: LOOP, lambda: {(1, 2): 3}, deep, Unwritable])
def test_a_result_that_cannot_be_written_is_a_failure(make):
    assert (
        refused(Tool(make, name="make", description="Make."))
        == "The result could not be written as JSON."
    )


def test_a_long_result_is_cut_and_says_so():
    text = told(returning("x" * 1_000_000))
    assert text == "x" * MAX_RESULT_CHARACTERS + "\n[cut: 1000000 characters in all]"
    assert told(returning("x" * MAX_RESULT_CHARACTERS)) == "x" * MAX_RESULT_CHARACTERS


def test_a_long_message_is_cut_too():
    text = refused(raising(ToolFailed("x" * 1_000_000)))
    assert re.fullmatch(r"x{20000}\n\[cut: 1000000 characters in all\]", text)
