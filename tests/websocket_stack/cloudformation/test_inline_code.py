"""The fulfillment Lambda as one file."""

from __future__ import annotations

import ast

from websocket_stack.cloudformation.inline_code import PACKAGE, digest, inline_code

# "This zip file cannot exceed 4MB."
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html
MOST_BYTES = 4 * 1024 * 1024


def sources(code: str) -> dict[str, str]:
    """Return the modules that a file has as texts."""
    for statement in ast.parse(code).body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id="SOURCES"), value=ast.expr() as value):
                found: dict[str, str] = ast.literal_eval(value)
                return found
    raise AssertionError("no SOURCES")


def test_it_has_every_module_as_it_is() -> None:
    found = sources(inline_code())

    assert len(found) == len(list(PACKAGE.rglob("*.py")))
    assert found["fulfillment.turn"] == (PACKAGE / "turn.py").read_text("utf-8")
    assert found["fulfillment.lex"] == (PACKAGE / "lex/__init__.py").read_text("utf-8")


def test_it_can_be_read() -> None:
    assert "\nclass Turn" in inline_code()


def test_it_fits_into_a_template() -> None:
    assert len(inline_code().encode()) < MOST_BYTES


def test_the_digest_goes_by_the_code() -> None:
    assert digest("one") == digest("one") != digest("other")
