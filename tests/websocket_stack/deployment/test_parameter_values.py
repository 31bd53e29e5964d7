"""Which values parameters get."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.websocket_stack.deployment.source_trees import failure
from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment import parameter_values
from websocket_stack.deployment.template_files import (
    NAMES,
    ParameterDeclaration,
    TemplateFile,
    read,
)

pytestmark = pytest.mark.slow

TEMPLATE = TemplateFile(
    Path("fulfillment.yaml"),
    "",
    {
        "CodeKey": ParameterDeclaration(None, is_secret=False),
        "Revision": ParameterDeclaration("1", is_secret=False),
        "ModelId": ParameterDeclaration("haiku", is_secret=False),
        "Pool": ParameterDeclaration(None, is_secret=False),
        "ApiKey": ParameterDeclaration("", is_secret=True),
    },
    nested={},
)


def test_settings_are_names_and_values() -> None:
    assert parameter_values.parse(["A=1", "B=x=y", "C="]) == {"A": "1", "B": "x=y", "C": ""}


@pytest.mark.parametrize("setting", ["A", "=1", ""])
def test_a_setting_without_name_or_value_is_said(setting: str) -> None:
    with pytest.raises(CommandFailed, match="--set takes Name=Value"):
        parameter_values.parse([setting])


def test_an_unknown_name_names_those_there_are() -> None:
    with pytest.raises(CommandFailed, match="no parameter Colour; it has ApiKey, ModelId, Pool$"):
        parameter_values.check(TEMPLATE, {"Colour": "x"}, {})


def test_a_misspelt_name_names_the_one_that_is_meant() -> None:
    with pytest.raises(CommandFailed, match=r"no parameter ModellId; is ModelId meant\?$"):
        parameter_values.check(TEMPLATE, {"ModellId": "x"}, {})


def test_what_is_worked_out_cannot_be_set() -> None:
    with pytest.raises(CommandFailed, match="CodeKey cannot be set"):
        parameter_values.check(TEMPLATE, {"CodeKey": "x"}, {})


def test_a_needed_value_is_asked_for() -> None:
    with pytest.raises(CommandFailed, match="needs a value: --set Pool="):
        parameter_values.check(TEMPLATE, {}, {})
    parameter_values.check(TEMPLATE, {"Pool": "x"}, {})
    parameter_values.check(TEMPLATE, {}, {"Pool": "x"})


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("CreateBot=maybe", "CreateBot takes one of: true, false"),
        ("PromptCacheTtl=2h", "PromptCacheTtl takes one of: nothing, 5m, 1h"),
        ("TurnSeconds=soon", "TurnSeconds takes a number from 1 to 29"),
        ("TurnSeconds=30", "TurnSeconds takes a number from 1 to 29"),
        ("WaitingText=" + "…" * 81, "WaitingText takes at most 80 characters"),
        ("BotAliasArn=alias", "BotAliasArn takes what matches |arn:"),
        ("ModelArns=arn:aws:bedrock:x,haiku", "ModelArns takes what matches |arn:"),
    ],
)
def test_a_value_that_a_template_does_not_take(setting: str, message: str) -> None:
    wanted = parameter_values.parse([setting])
    assert message in failure(parameter_values.check, read("lex-streaming"), wanted, {})


@pytest.mark.parametrize("name", NAMES)
def test_each_default_is_a_value_that_its_template_takes(name: str) -> None:
    template = read(name)
    defaults = {each: found.default or "" for each, found in template.parameters.items()}
    parameter_values.check(
        template,
        {each: value for each, value in defaults.items() if each not in parameter_values.DERIVED},
        {},
    )


def test_values_that_are_not_set_stay() -> None:
    chosen = parameter_values.choose(
        TEMPLATE,
        {"ModelId": "opus"},
        {"CodeKey": "zip", "TemplatesBucket": "not of this template"},
        {"Pool": "before", "ModelId": "before", "Dropped": "x"},
    )

    assert chosen == [
        {"ParameterKey": "CodeKey", "ParameterValue": "zip"},
        {"ParameterKey": "ModelId", "ParameterValue": "opus"},
        {"ParameterKey": "Pool", "UsePreviousValue": True},
    ]


def revision(sources: Any = ("zip", "t"), wanted: Any = (), previous: Any = ()) -> str:
    return parameter_values.revision(TEMPLATE, sources, dict(wanted), dict(previous))


def test_the_revision_goes_by_sources_and_values() -> None:
    assert revision() == revision()
    assert revision() != revision(sources=("another", "t"))
    assert revision() != revision(wanted={"ModelId": "opus"})
    # Set now, kept from before or the default: the same value is the same revision.
    assert revision(wanted={"ModelId": "opus"}) == revision(previous={"ModelId": "opus"})
    assert revision() == revision(wanted={"ModelId": "haiku"})
    assert revision() == revision(previous={"Revision": "whatever", "CodeKey": "whatever"})


def test_no_secret_has_a_part_in_the_revision() -> None:
    assert revision(wanted={"ApiKey": "secret"}) == revision()
