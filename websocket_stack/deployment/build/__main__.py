"""``scripts/build``: builds the fulfillment Lambda's zip and prints its path."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from websocket_stack.command_line import CommandFailed, print_error, print_line
from websocket_stack.deployment.build.lambda_zip import build
from websocket_stack.deployment.build.options import argument_parser
from websocket_stack.deployment.build.requirements import Platform


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = argument_parser().parse_args(arguments)
    try:
        path = build(
            options.code,
            options.output,
            platform=Platform(options.runtime, options.architecture),
        )
    except CommandFailed as exc:
        print_error("build", exc)
        return 1
    here = Path.cwd()
    print_line(str(path.relative_to(here) if path.is_relative_to(here) else path))
    return 0


if __name__ == "__main__":
    sys.exit(main())
