"""What the command line asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment.deploy_options import DeployOptions, wanted
from websocket_stack.deployment.options import argument_parser

BOT = "locales: {en_US: {intents: {Greeting: {utterances: [hello]}}}}"


def options(*arguments: str) -> DeployOptions:
    return wanted(argument_parser().parse_args(["my-stack", *arguments]))


def test_a_file_of_intents_makes_a_bot(tmp_path: Path) -> None:
    path = tmp_path / "bot.yaml"
    path.write_text(BOT)
    deployment = options("--intents", str(path), "--set", "MaxTokens=7")
    assert deployment.bot is not None and list(deployment.bot.locales) == ["en_US"]
    assert deployment.values == {"CreateBot": "true", "MaxTokens": "7"}
    with pytest.raises(CommandFailed, match="CreateBot"):
        options("--intents", str(path), "--set", "CreateBot=false")


def test_without_one_nothing_is_said_of_a_bot() -> None:
    deployment = options("--tag", "team=shop", "--no-execute")
    assert (deployment.bot, deployment.values, deployment.executes) == (None, {}, False)
    assert deployment.tags == {"team": "shop"}
