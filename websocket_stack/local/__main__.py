"""``scripts/serve``: the stack on a port of this machine."""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import boto3
from starlette.routing import BaseRoute

from fulfillment import Bot
from fulfillment.errors import LexStreamingError
from fulfillment.settings import Settings
from websocket_stack.command_line import CommandFailed, print_error, print_line
from websocket_stack.lex_bot.description import BotDescription
from websocket_stack.lex_bot.functions import Mention, mentions_in, mistakes
from websocket_stack.local import lex_web_ui, stack
from websocket_stack.local.bot_file import BotFile
from websocket_stack.local.callers import is_loopback
from websocket_stack.local.journal.journal import Journal
from websocket_stack.local.journal.watching import Observer
from websocket_stack.local.model_routes import model_routes, named_after
from websocket_stack.local.options import argument_parser
from websocket_stack.local.server import listen, origin_of, server
from websocket_stack.local.stopping import leave_turns


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; return the exit status."""
    options = argument_parser().parse_args(arguments)
    try:
        serve(options)
    except (CommandFailed, LexStreamingError) as exc:
        print_error("serve", exc)
        return 1
    return 0


def serve(options: argparse.Namespace) -> None:
    """Serve until interrupted.

    Args:
        options: as ``argument_parser`` returns them.

    Raises:
        CommandFailed: the stack cannot start.
        LexStreamingError: a setting is wrong.
    """
    Settings.from_environ(os.environ)
    if (folder := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, folder)  # where a bot is looked for
    environ = named_after(options.model, os.environ)
    routes = model_routes(options.model, environ)
    lex_web_ui_routes = _lex_web_ui_routes(options.lex_web_ui)
    bot_file = _bot_file(options.bot, options.intents)
    with listen(options.host, options.port) as listener:
        origin = origin_of(options.host, listener)
        observer = Observer(Journal(), print_line if options.log == "lines" else None)
        app = stack.build(
            origin,
            routes,
            model_name=options.model,
            bot=options.bot,
            tasks=options.tasks,
            locales=bot_file,
            environ=environ,
            auth=options.auth,
            further_routes=lex_web_ui_routes,
            hosts=(options.host, *options.allow_host),
            observer=observer,
            reloaded=partial(_warn_about_intents, options.bot, bot_file),
        )
        if (options.bot or options.tasks) and options.model != "bedrock":
            _adopt(stack.lambda_environment(origin, environ, options.auth))
        print_line(f"Lex Streaming is at {origin} (model: {options.model}; stop with Ctrl-C)")
        if lex_web_ui_routes:
            print_line(f"Lex Web UI is at {origin}{lex_web_ui.PATH}/")
        if warning := warning_of(options):
            print_line(warning)
        _warn_about_intents(options.bot, bot_file)
        if options.open:
            # Its request waits in the listener's queue until the server takes it.
            webbrowser.open(origin)
        # Once it has shut down, uvicorn raises the signal again that it was stopped by.
        with suppress(KeyboardInterrupt), observer.reading_log():
            server(app).run(sockets=[listener])
    leave_turns()


def warning_of(options: argparse.Namespace) -> str:
    """Return what to know of a stack that others can reach, or nothing."""
    if is_loopback(options.host) and not options.allow_host:
        return ""
    if options.model == "bedrock":
        return (
            "WARNING: anyone who reaches this address calls Amazon Bedrock with your credentials"
            " and at your expense; no sign-in is asked for."
        )
    return "Warning: anyone who reaches this address can use this stack; no sign-in is asked for."


def _adopt(environment: Mapping[str, str]) -> None:
    """Give this process the environment of its Lambda functions.

    A bot that makes a client in the middle of a turn would otherwise reach the AWS account of the
    person who started this. (With ``--model bedrock`` that account is wanted, and the forwarder
    runs here.)
    """
    os.environ.clear()
    os.environ.update(environment)
    boto3.setup_default_session()


def _bot_file(bot: str | None, path: Path | None) -> BotFile | None:
    return BotFile(path, partial(_mistakes, bot), print_line) if path else None


def _warn_about_intents(bot: str | None, bot_file: BotFile | None) -> None:
    for problem in _about_intents(bot, bot_file):
        print_line(f"Warning: {problem}")


def _about_intents(bot: str | None, bot_file: BotFile | None) -> Sequence[str]:
    """Return what is wrong with the intents that Lex understands, a line each."""
    if bot_file is not None:
        return _mistakes(bot, bot_file.description)
    return without_intents(*_loaded(bot)) if bot else ()


def without_intents(loaded: object, source: Path) -> Sequence[str]:
    """Return that Lex knows none of a bot's intents, if it has any.

    Args:
        loaded: the bot.
        source: the file of its module.
    """
    if not isinstance(loaded, Bot) or not loaded.intents:
        return ()
    likely = source.with_suffix(".yaml")
    file = likely if likely.is_file() else "FILE"
    names = ", ".join(sorted(loaded.intents))
    return [f"Lex knows no intents here, so {names} cannot be reached: --intents {file}"]


def _loaded(bot: str) -> tuple[object, Path]:
    """Return a bot that was loaded, and the file of its module."""
    module_name, _, attribute = bot.partition(":")
    module = sys.modules[module_name]
    return getattr(module, attribute), Path(str(module.__file__))


def _mistakes(bot: str | None, described: BotDescription) -> Sequence[str]:
    """Return what of a loaded bot does not fit its file."""
    if not bot:
        return ()
    loaded, source = _loaded(bot)
    mentions = list(mentions_in(source.read_bytes(), source.name))
    # What it has from other modules, or by names that are worked out.
    others = loaded.intents if isinstance(loaded, Bot) else frozenset()
    others -= {each.name for each in mentions}
    mentions += [Mention(name, "any", bot) for name in sorted(others)]
    return mistakes(described, mentions)


def _lex_web_ui_routes(folder: Path | None) -> Sequence[BaseRoute]:
    if folder is None:
        return ()
    lex_web_ui.check(folder)
    return lex_web_ui.routes(folder, stack.STAGE)


if __name__ == "__main__":
    sys.exit(main())
