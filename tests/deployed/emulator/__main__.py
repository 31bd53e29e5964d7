"""MiniStack with what our templates need beyond it; runs in the emulator's own environment.

https://github.com/ministackorg/ministack
"""

from __future__ import annotations

import os
from pathlib import Path

from ministack import app

from . import (
    appsync,
    bedrock,
    callers,
    conditions,
    deployments,
    events,
    layers,
    lex,
    nested_stacks,
    rules,
)

EXTENSIONS = (
    appsync,
    bedrock,
    callers,
    conditions,
    deployments,
    events,
    layers,
    lex,
    nested_stacks,
    rules,
)


def main() -> None:
    for module in EXTENSIONS:
        module.install()
    # Of the processes of Lambda functions, which are started from here.
    os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[1] / "in_lambda")
    app.main()


if __name__ == "__main__":
    main()
