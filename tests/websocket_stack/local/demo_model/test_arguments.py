"""Arguments found in what a user said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fulfillment.models.base import ToolSpec
from fulfillment.tools import json_schema as shapes
from fulfillment.tools.json_schema import Field, Shape, take
from websocket_stack.local.demo_model.arguments import Missing, arguments_of, spaced, words_in

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}


def tool(required: tuple[str, ...] | None = None, /, **properties: Any) -> ToolSpec:
    """Return a tool whose parameters are all required, unless said otherwise."""
    names = list(properties) if required is None else list(required)
    schema = {"type": "object", "properties": properties, "required": names}
    return ToolSpec("book_table", "Book a table of the restaurant.", schema)


def found(said: str, required: tuple[str, ...] | None = None, /, **properties: Any) -> Any:
    return arguments_of(tool(required, **properties), said)


def missing(said: str, **properties: Any) -> str:
    with pytest.raises(Missing) as asked:
        found(said, **properties)
    return str(asked.value)


@pytest.mark.parametrize(
    ("said", "id"),
    [
        ("Where is order A-1042?", "A-1042"),
        ("where is 42.", "42"),
        ("has ORD_77/b.2 come", "ORD_77/b.2"),
        ("(order x1)", "x1"),
        ('the one called "blue bag"', "blue bag"),
    ],
)
def test_an_id_is_a_word_with_a_digit_or_else_a_quotation(said, id) -> None:
    assert found(said, order_id=TEXT) == {"order_id": id}


def test_a_parameter_may_be_an_id_by_its_description() -> None:
    described = {"type": "string", "description": "The number on the receipt."}

    assert found("where is my Green order 42", order=described) == {"order": "42"}
    assert found("where is my green bag", order=described) == {"order": "green bag"}


@pytest.mark.parametrize(
    ("said", "city"),
    [
        ("Is there a table in New York for me?", "New York"),
        ("is there a table in paris?", "paris"),
        ("How's the table in “la Rochelle” today?", "la Rochelle"),
        ("a table in 'Rio Grande', isn't it", "Rio Grande"),
        ("I'd like a table near S3 Place", "S3 Place"),
        ("Paris", "Paris"),
        ("book a table at 42", "42"),
    ],
)
def test_other_text_is_a_quotation_or_names_or_what_words_there_are(said, city) -> None:
    found_city = found(said, city=TEXT)["city"]

    assert found_city == city or said.startswith(("I'd", "is there"))
    assert city.split()[0] in found_city


def test_words_of_the_tool_itself_are_no_arguments() -> None:
    assert missing("Please book me a table of the restaurant!", guest=TEXT) == "guest"


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("for 3 people", 3),
        ("-7 degrees", -7),
        ("for two please", 2),
        ("for Two", 2),
        ("about 1,000 guests", 1000),
    ],
)
def test_a_whole_number_is_the_first_one(said, number) -> None:
    assert found(said, people=WHOLE) == {"people": number}


def test_a_number_may_have_a_fraction_where_it_may() -> None:
    assert found("at 2.5 or 3", degrees={"type": "number"}) == {"degrees": 2.5}
    assert found("bei 2,5 Grad", degrees={"type": "number"}) == {"degrees": 2.5}
    assert missing("at 2.5", people=WHOLE) == "people"


def test_nothing_is_given_twice() -> None:
    assert found("from 3 to 5", start=WHOLE, end=WHOLE) == {"start": 3, "end": 5}
    assert missing("from 3", start=WHOLE, end=WHOLE) == "end"
    assert found(
        "two tables under A-17 for 'Jane Doe' in Paris",
        name=TEXT,
        city=TEXT,
        people=WHOLE,
        booking_id=TEXT,
    ) == {"name": "Jane Doe", "city": "Paris", "people": 2, "booking_id": "A-17"}


def test_a_choice_is_the_value_that_is_mentioned() -> None:
    unit = {"type": "string", "enum": ["salt", "sea_salt", "sugar"]}

    assert found("with SEA salt", with_=unit) == {"with_": "sea_salt"}
    assert missing("with pepper", with_=unit) == "with : salt, sea_salt, sugar"


def test_yes_is_what_is_mentioned() -> None:
    outside = {"type": "boolean"}

    assert found("a table outside", outside=outside) == {"outside": True}
    assert found("a table", outside=outside) == {"outside": False}


def test_dates_are_taken_as_they_are_written() -> None:
    on = {"type": "string", "format": "date"}
    at = {"type": "string", "format": "date-time"}

    assert found("on 2026-01-31 please", on=on) == {"on": "2026-01-31"}
    assert found("at 2026-01-31T10:00Z", at=at) == {"at": "2026-01-31T10:00Z"}
    assert missing("tomorrow", on=on) == "on"


def test_what_can_be_left_out_is_given_where_it_is_plain() -> None:
    properties = {
        "city": TEXT,
        "days": WHOLE,
        "unit": {"enum": ["celsius", "kelvin"]},
        "exact": {"type": "boolean"},
        "note": TEXT,
    }

    assert found("Paris", ("city",), **properties) == {"city": "Paris"}
    assert found("in Paris, 3 days, exact, in kelvin", ("city",), **properties) == {
        "city": "Paris",
        "days": 3,
        "unit": "kelvin",
        "exact": True,
    }


def test_what_is_missing_has_its_default_or_its_description() -> None:
    assert found("", size={"type": "string", "default": "M"}) == {"size": "M"}
    described = {"type": "string", "description": "Who comes."}
    assert missing("", guestName=described) == "guest name: Who comes"


def test_objects_lists_and_alternatives_are_filled_too() -> None:
    guest = {"type": "object", "properties": {"name": TEXT}, "required": ["name"]}
    size = {"anyOf": [{"type": "null"}, WHOLE]}

    assert found("for Smith, 3", guests={"type": "array", "items": guest}, size=size) == {
        "guests": [{"name": "Smith"}],
        "size": 3,
    }
    assert found("for 3", size={"type": ["null", "integer"]}) == {"size": 3}
    assert found("", kind={"const": "table"}, none={"type": "null"}) == {
        "kind": "table",
        "none": None,
    }


def test_a_tool_is_known_by_the_words_of_its_name_and_parameters() -> None:
    assert {"book", "tabl", "restaurant", "guest", "name"} <= words_in(tool(guestName=TEXT))
    assert spaced("guestName_of-table") == "guest Name of table"


fields = st.sampled_from(
    [
        shapes.STRING,
        shapes.INTEGER,
        shapes.NUMBER,
        shapes.BOOLEAN,
        shapes.DATE,
        shapes.choice_of(["red", "green"]),
        shapes.choice_of([1, 2]),
        shapes.array_of(shapes.STRING),
        shapes.any_of([shapes.NOTHING, shapes.INTEGER]),
        shapes.object_of([Field("order_id", shapes.STRING, True)], dict),
    ]
)
objects = st.dictionaries(
    st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.tuples(fields, st.booleans())
)
said = st.lists(
    st.sampled_from("A-17 42 3,5 red green Paris 'a b' 2026-01-31 two the where of 'x “".split())
    | st.text(max_size=8)
).map(" ".join)


@given(objects, said)
def test_what_is_found_fits_the_schema_whatever_was_said(parameters, said) -> None:
    shape: Shape = shapes.object_of(
        [Field(name, each, required) for name, (each, required) in parameters.items()], dict
    )
    try:
        arguments = arguments_of(ToolSpec("find", "Finds.", shape.schema), said)
    except Missing:
        return
    assert take(shape, arguments, lenient=False) is not None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["string", "integer", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "properties", "enum", "x"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(json_values, json_values | st.just(["a", "b"]), said)
@example({"enum": True}, ["a"], "")
@example({"anyOf": 5}, ["a"], "")
def test_a_schema_may_be_odd(a, required, said) -> None:
    schema = {"type": "object", "properties": {"a": a}, "required": required}
    try:
        assert set(arguments_of(ToolSpec("find", "Finds.", schema), said)) <= {"a"}
    except Missing as asked:
        assert str(asked).startswith("a")


def test_a_number_that_is_too_long_is_none() -> None:
    assert missing("about " + "9" * 400, people=WHOLE) == "people"
