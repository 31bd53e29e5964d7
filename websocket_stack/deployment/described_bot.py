"""The bot that a deployment makes: described now, or as the stack has it."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

import cfn_flip

from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment.build.code_files import code_files
from websocket_stack.deployment.stacks import Stack
from websocket_stack.lex_bot.description import METADATA, BotDescription
from websocket_stack.lex_bot.functions import mentions_of, mistakes
from websocket_stack.project import command

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MAX_TEMPLATE_BYTES = 1_000_000
LIBRARY = ("fulfillment/", "websocket_stack/", "aws_lambda_powertools/")


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


def check(bot: BotDescription, code: Sequence[Path]) -> None:
    """Check that Lex will call a builder's functions.

    Args:
        bot: the bot's description.
        code: the builder's files and folders.

    Raises:
        CommandFailed: it would never call one of them, or fill one of their slots.
    """
    files = (item for path in code for item in code_files(path).items())
    _check(bot, ((name, path.read_bytes()) for name, path in files))


def check_zip(bot: BotDescription, archive: bytes) -> None:
    """Check that Lex will call the functions in a Lambda's zip.

    Args:
        bot: the bot's description.
        archive: the zip's content.

    Raises:
        CommandFailed: it would never call one of them, or fill one of their slots.
    """
    with ZipFile(io.BytesIO(archive)) as opened:
        names = [name for name in opened.namelist() if not name.startswith(LIBRARY)]
        _check(bot, ((name, opened.read(name)) for name in names))


def _check(bot: BotDescription, files: Iterable[tuple[str, bytes]]) -> None:
    if problems := mistakes(bot, mentions_of(files)):
        raise CommandFailed("the code does not fit the bot's intents:\n" + "\n".join(problems))


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
