import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.models.arguments import arguments_in

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # Lone surrogates are no text that a stream could carry.
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab ä"), inner),
    max_leaves=4,
)


@given(st.dictionaries(st.text("ab ä"), JSON))
def test_an_object_is_read_as_it_was_written(arguments):
    assert arguments_in(json.dumps(arguments)) == arguments


@pytest.mark.parametrize("nothing", ["", " ", "\n"])
def test_nothing_written_means_no_arguments(nothing):
    assert arguments_in(nothing) == {}


@pytest.mark.parametrize(
    "text",
    ["[1]", '"text"', "null", "{", '{"city": "Par', "{'a': 1}", '{"a": NaN}', "[" * 200_000],
)
def test_what_is_no_object_is_none(text):
    assert arguments_in(text) is None
