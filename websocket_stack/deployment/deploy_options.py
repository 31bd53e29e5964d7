"""What a stack should become, as the command line says it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment import parameter_values
from websocket_stack.lex_bot.description import BotDescription
from websocket_stack.lex_bot.reading import read


@dataclass(frozen=True)
class DeployOptions:
    """What a stack should become.

    Args:
        values: values of parameters; the others stay as they are.
        template: the template's name; by default the one that the stack has.
        code: a bot builder's own files and folders for the Lambda.
        tags: tags of the stack; none keeps those that it has.
        bot: the Lex bot to make; by default the one that the stack was made with.
        role_arn: the role that CloudFormation makes the changes with.
        executes: whether the changes are made, or only shown.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    template: str | None = None
    code: Sequence[Path] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    bot: BotDescription | None = None
    role_arn: str | None = None
    executes: bool = True


def wanted(options: argparse.Namespace) -> DeployOptions:
    """Return what the stack should become.

    Raises:
        CommandFailed: an option's value is wrong.
    """
    values = parameter_values.parse(options.set)
    bot = None
    if options.intents:
        bot = read(options.intents)
        values = {"CreateBot": "true"} | values
        if values["CreateBot"] != "true":
            raise CommandFailed("--intents makes a bot, and --set CreateBot says to make none")
    return DeployOptions(
        values,
        options.template,
        options.code,
        parameter_values.parse(options.tag, option="--tag"),
        bot,
        options.role_arn,
        executes=not options.no_execute,
    )
