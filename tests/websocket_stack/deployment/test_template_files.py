"""Templates as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment import template_files

pytestmark = pytest.mark.slow


def test_declared_parameters_are_read(templates: Path) -> None:
    read = template_files.read("streaming-support", templates)

    assert {name: each.default for name, each in read.parameters.items()} == {
        "Name": "plain",
        "Colour": "red",
    }
    assert not read.needs_bucket


def test_a_template_goes_with_those_that_it_nests(templates: Path) -> None:
    root = template_files.read("lex-streaming", templates)

    assert root.has_nested_stacks and root.needs_bucket
    assert root.parameters["TemplatesBucket"].default is None
    assert [path.name for path in root.files] == ["lex-streaming.yaml", "streaming-support.yaml"]
    alone = template_files.read("fulfillment", templates)
    assert alone.needs_code
    assert [path.name for path in alone.files] == ["fulfillment.yaml"]


def test_a_large_template_needs_a_bucket(templates: Path) -> None:
    path = templates / "streaming-support.yaml"
    path.write_text(path.read_text() + "#" * template_files.MAX_BODY_BYTES)

    assert template_files.read("streaming-support", templates).needs_bucket


def test_the_digest_goes_by_names_and_content(templates: Path) -> None:
    paths = sorted(templates.glob("*.yaml"))
    before = template_files.digest(paths)

    assert template_files.digest(paths) == before
    paths[0].write_text(paths[0].read_text() + "\n")
    assert template_files.digest(paths) != before


def test_a_missing_template_is_said(tmp_path: Path) -> None:
    with pytest.raises(
        CommandFailed, match="lex-streaming.yaml is missing; scripts/templates makes it"
    ):
        template_files.read("lex-streaming", tmp_path)


@pytest.mark.parametrize("body", ["", "just: text", "Resources: [", "- a"])
def test_what_is_no_template_is_said(tmp_path: Path, body: str) -> None:
    (tmp_path / "fulfillment.yaml").write_text(body)
    with pytest.raises(CommandFailed, match="is no CloudFormation template"):
        template_files.read("fulfillment", tmp_path)


@pytest.mark.parametrize("name", template_files.NAMES)
def test_the_projects_own_templates_are_read(name: str) -> None:
    read = template_files.read(name)

    assert "LogRetentionDays" in read.parameters
    assert not any(each.is_secret for each in read.parameters.values())
