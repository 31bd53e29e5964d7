"""The bot that a deployment makes: described now, or as the stack has it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cfn_flip

from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment.stacks import Stack
from websocket_stack.lex_bot.description import METADATA, BotDescription
from websocket_stack.project import command

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MAX_TEMPLATE_BYTES = 1_000_000


def of_stack(client: Any, stack: Stack) -> BotDescription | None:
    """Return the description that a stack's template was made from, if it was.

    Args:
        client: a ``cloudformation`` client.
        stack: the stack.
    """
    # Of a template in YAML, boto3 returns the text.
    body = client.get_template(StackName=stack.id)["TemplateBody"]
    if not isinstance(body, str) or f"{METADATA}:" not in body:
        return None
    template, _ = cfn_flip.load(body)
    described = template.get("Metadata", {}).get(METADATA)
    return BotDescription.model_validate_json(described) if described else None


@contextmanager
def templates_with(bot: BotDescription | None, name: str, folder: Path) -> Iterator[Path]:
    """Make templates that have a bot; yields their folder.

    Args:
        bot: the bot; without one, the templates are taken as they are.
        name: the template that is deployed.
        folder: the folder of templates as they are.

    Raises:
        CommandFailed: the template makes no bot, or none of this size.
    """
    if bot is None:
        yield folder
        return
    # Only here, since it takes a second.
    from websocket_stack.cloudformation.__main__ import WITH_BOT, render_with_bot

    if name not in WITH_BOT:
        raise CommandFailed(f"{name} makes no bot; --intents is for {' and '.join(WITH_BOT)}")
    with TemporaryDirectory() as generated:
        for template in folder.glob("*.yaml"):
            shutil.copy(template, generated)
        for each in WITH_BOT:
            body = render_with_bot(each, bot).encode()
            if len(body) > MAX_TEMPLATE_BYTES:
                raise CommandFailed(
                    f"the bot makes a template of {len(body):,} bytes, and CloudFormation takes"
                    f" {MAX_TEMPLATE_BYTES:,}; import it instead, with"
                    f" {command('build')} --lex-archive"
                )
            Path(generated, f"{each}.yaml").write_bytes(body)
        yield Path(generated)
