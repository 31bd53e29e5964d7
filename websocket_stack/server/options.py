"""The options of ``chat-server``."""

from __future__ import annotations

import argparse

from websocket_stack.options import add_server_options, parser_of


def argument_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's arguments."""
    parser = parser_of("chat-server", "Stream a model's replies to WebSocket clients, at /ws.")
    add_server_options(parser)
    parser.add_argument(
        "--redis",
        metavar="URL",
        help="share runs with other processes, such as redis://host:6379/0",
    )
    parser.add_argument(
        "--bot", metavar="MODULE:NAME", help="answer with a bot of your own, such as my_bot:bot"
    )
    return parser
