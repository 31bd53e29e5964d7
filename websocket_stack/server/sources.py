"""What answers, for each choice of ``--model`` and ``--bot``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path

from fulfillment.bot import Bot
from fulfillment.clients import Resources
from fulfillment.models.base import Model
from websocket_stack.command_line import CommandFailed
from websocket_stack.project import FOLDER
from websocket_stack.server.bot_source import BotSource
from websocket_stack.server.settings import ServerSettings
from websocket_stack.server.source import Source


def source_of(
    model: str, bot: str | None, settings: ServerSettings, environ: Mapping[str, str]
) -> Source:
    """Return what answers.

    Args:
        model: one of ``websocket_stack.options.MODELS``.
        bot: a builder's bot, as ``module:attribute``, which asks that model.
        settings: the environment, as the server reads it.
        environ: the environment.

    Raises:
        CommandFailed: the choice needs a package or a setting that is missing.
    """
    if model == "openai" and bot is None:
        from websocket_stack.server.chat_completions import (
            DEFAULT_URL,
            ChatCompletionsSource,
            client_of,
        )

        name, key = _openai_settings(environ)
        url = environ.get("OPENAI_BASE_URL") or DEFAULT_URL
        client = client_of(url, key, settings.max_runs)
        return ChatCompletionsSource(client, name, settings.reply)
    resources = _resources(model, settings, environ)
    found = load_bot(bot) if bot else Bot(resources=resources)
    return BotSource(found, resources, settings.time_between_chunks)


def load_bot(name: str) -> Bot:
    """Import a bot, from the current folder too.

    Args:
        name: the bot, as ``module:attribute``.

    Raises:
        CommandFailed: there is none of that name.
    """
    module, _, attribute = name.partition(":")
    if not module or not attribute or module.endswith(".py"):
        raise CommandFailed(f"{name!r}: a bot is named as module:attribute, such as my_bot:bot")
    if (folder := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, folder)
    try:
        bot = getattr(importlib.import_module(module), attribute, None)
    # Whatever a builder's module raises while it is imported.
    except Exception as exc:
        raise CommandFailed(f"{module} cannot be imported: {type(exc).__name__}: {exc}") from exc
    if not isinstance(bot, Bot):
        raise CommandFailed(f"{name!r}: there is no Bot of that name")
    return bot


def _resources(model: str, settings: ServerSettings, environ: Mapping[str, str]) -> Resources:
    if model == "bedrock":
        return Resources.from_environ(environ, turn_seconds=settings.reply_seconds)
    return Resources(settings.reply, _model(model, environ))


def _model(model: str, environ: Mapping[str, str]) -> Model:
    if model == "demo":
        from websocket_stack.local.demo_model.model import DemoModel
        from websocket_stack.local.demo_model.passages import Library

        return DemoModel(Library.of_project(FOLDER))
    try:
        import openai

        from fulfillment.models.openai_compatible import OpenAICompatibleModel
    except ImportError:
        raise CommandFailed(
            "--model openai with --bot needs the openai package:"
            " pip install 'lex-streaming[openai]'"
        ) from None
    name, key = _openai_settings(environ)
    # The client reads OPENAI_BASE_URL itself.
    return OpenAICompatibleModel(openai.OpenAI(api_key=key, max_retries=1), name)


def _openai_settings(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the model's name and the API key."""
    name, key = environ.get("OPENAI_MODEL"), environ.get("OPENAI_API_KEY")
    if not name:
        raise CommandFailed("set OPENAI_MODEL to the model's name at your server")
    if not key:
        raise CommandFailed("set OPENAI_API_KEY (any text, if your server asks for none)")
    return name, key
