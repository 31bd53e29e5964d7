from __future__ import annotations

import pytest

from fulfillment.tools.docstrings import descriptions, summary

GOOGLE = """Look up an order,
    wherever it is.

    It may have been sent.

    Args:
        order_id: the order's number,
            such as A-100: a letter and digits.
        verbose (bool, optional): whether to
            say more.

            Much more.
        empty:

    Returns:
        order_id: not an argument.
    """


def test_the_summary_is_the_first_paragraph() -> None:
    assert summary(GOOGLE) == "Look up an order, wherever it is."


@pytest.mark.parametrize("docstring", ["", "   \n ", "Args:\n    x: the x."])
def test_there_may_be_no_summary(docstring: str) -> None:
    assert summary(docstring) == ""


def test_each_argument_has_its_text_on_one_line() -> None:
    assert descriptions(GOOGLE) == {
        "order_id": "the order's number, such as A-100: a letter and digits.",
        "verbose": "whether to say more. Much more.",
        "empty": "",
    }


@pytest.mark.parametrize("section", ["Args", "Arguments", "Attributes"])
def test_a_section_may_come_last(section: str) -> None:
    assert descriptions(f"A point.\n\n    {section}:\n      x: across\n      y: up") == {
        "x": "across",
        "y": "up",
    }


@pytest.mark.parametrize(
    "docstring",
    ["", "One line.", "Text.\n\nRaises:\n    x: no argument.", "Args: in a sentence.", "Args:"],
)
def test_there_may_be_no_section(docstring: str) -> None:
    assert descriptions(docstring) == {}


def test_lines_that_describe_nothing_are_ignored() -> None:
    assert descriptions("A.\n\nArgs:\n    as follows\n    x: across") == {"x": "across"}
