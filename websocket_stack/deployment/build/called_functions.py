"""Whether Lex will call the functions of a builder's code, which is read and not run."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from zipfile import ZipFile

from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment.build.code_files import code_files
from websocket_stack.lex_bot.description import BotDescription
from websocket_stack.lex_bot.functions import mentions_of, mistakes

LIBRARY = ("fulfillment/", "websocket_stack/", "aws_lambda_powertools/")


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
