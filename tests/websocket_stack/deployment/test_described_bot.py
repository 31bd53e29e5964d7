"""A deployment's bot: described now or before, and what makes it another version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cfn_flip
import pytest

from tests.deployed.deployed_lex import deployed_locales
from tests.lamp_bot import LAMPS
from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment import template_files
from websocket_stack.deployment.described_bot import of_stack, templates_with
from websocket_stack.deployment.stacks import Stack
from websocket_stack.project import TEMPLATES

pytestmark = pytest.mark.slow

STACK = Stack("arn:stack", "lamps", "CREATE_COMPLETE")


class FakeCloudFormation:
    def __init__(self, body: object) -> None:
        self._body = body

    def get_template(self, StackName: str) -> dict[str, Any]:
        assert StackName == STACK.id
        return {"TemplateBody": self._body}


def loaded(folder: Path, name: str) -> dict[str, Any]:
    definition: dict[str, Any] = cfn_flip.load((folder / f"{name}.yaml").read_text())[0]
    return definition


def test_the_template_makes_the_bot() -> None:
    with templates_with(LAMPS, "lex-streaming", TEMPLATES) as folder:
        resources = loaded(folder, "fulfillment")["Resources"]
        bot = resources["Bot"]["Properties"]
        assert [locale["LocaleId"] for locale in bot["BotLocales"]] == ["en_US", "de_DE"]
        assert (bot["IdleSessionTTLInSeconds"], bot["Description"]) == (600, "Sells lamps.")
        alias = resources["LiveBotAlias"]["Properties"]["BotAliasLocaleSettings"]
        assert [each["LocaleId"] for each in alias] == ["en_US", "de_DE"]
        # Its locales are its own, so there is no parameter for one.
        template = template_files.read("lex-streaming", folder)
        assert "BotLocaleId" not in template.parameters
        outputs = loaded(folder, "lex-streaming")["Outputs"]
        assert {"BotId", "BotAliasId", "BotLocaleId", "BotLocaleIds"} <= outputs.keys()
    assert not folder.exists()


def test_lex_understands_what_was_described() -> None:
    """All of a dialog, with how often Lex asks again, is in the template."""
    with templates_with(LAMPS, "fulfillment", TEMPLATES) as folder:
        deployed = deployed_locales((folder / "fulfillment.yaml").read_text())
    for name, locale in LAMPS.locales.items():
        assert deployed[name].slot_types == locale.slot_types
        assert deployed[name].all_intents == locale.all_intents


def test_another_description_is_another_version_of_the_bot() -> None:
    """A version cannot be changed, so that its logical id does."""
    english = LAMPS.model_copy(update={"locales": {"en_US": LAMPS.locales["en_US"]}})
    versions = []
    for bot in (LAMPS, LAMPS, english):
        with templates_with(bot, "fulfillment", TEMPLATES) as folder:
            resources = loaded(folder, "fulfillment")["Resources"]
        versions.append({name for name in resources if name.startswith("BotVersion")})
    assert versions[0] == versions[1] != versions[2]


@pytest.mark.ci
@pytest.mark.parametrize("name", ["fulfillment", "lex-streaming"])
def test_cfn_lint_takes_it(name: str) -> None:
    from cfnlint.api import lint_file  # takes long: not at collection

    with templates_with(LAMPS, name, TEMPLATES) as folder:
        assert lint_file(folder / f"{name}.yaml") == []


def test_a_later_deployment_finds_the_bot_in_the_template() -> None:
    for name in ("fulfillment", "lex-streaming"):
        with templates_with(LAMPS, name, TEMPLATES) as folder:
            body = (folder / f"{name}.yaml").read_text()
        assert of_stack(FakeCloudFormation(body), STACK) == LAMPS


@pytest.mark.parametrize("body", [(TEMPLATES / "fulfillment.yaml").read_text(), {"Resources": {}}])
def test_a_template_that_nobody_described_has_none(body: str | dict[str, Any]) -> None:
    assert of_stack(FakeCloudFormation(body), STACK) is None


def test_without_a_bot_the_templates_stay() -> None:
    with templates_with(None, "socket-tasks", TEMPLATES) as folder:
        assert folder == TEMPLATES


def test_templates_without_a_bot_refuse_one() -> None:
    with (
        pytest.raises(CommandFailed, match="socket-tasks makes no bot"),
        templates_with(LAMPS, "socket-tasks", TEMPLATES),
    ):
        raise AssertionError


def test_a_bot_that_no_template_can_hold_is_refused() -> None:
    described = json.loads(LAMPS.model_dump_json())
    intents = described["locales"]["en_US"]["intents"]
    for number in range(10):
        utterances = [f"{'long ' * 40}{each}" for each in range(500)]
        intents[f"Intent{number}"] = {"utterances": utterances}
    bot = type(LAMPS).model_validate(described)
    with (
        pytest.raises(CommandFailed, match="--lex-archive"),
        templates_with(bot, "fulfillment", TEMPLATES),
    ):
        raise AssertionError
