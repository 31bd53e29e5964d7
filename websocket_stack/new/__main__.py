"""``lex-streaming new``: writes a bot to start from."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from websocket_stack.command_line import CommandFailed
from websocket_stack.new.bot_folder import write_bot
from websocket_stack.new.options import argument_parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = argument_parser().parse_args(arguments)
    try:
        files = write_bot(options.folder)
    except CommandFailed as exc:
        sys.stderr.write(f"new: {exc}\n")
        return 1
    print("\n".join(map(str, files)))
    print(f"{options.folder / 'README.md'} says how to run it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
