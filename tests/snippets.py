"""The docs' Python as modules, for the test that executes it and for the checkers of types.

``python -m tests.snippets FOLDER`` writes them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.documents import TUTORIAL, blocks_of, lex_bots

# The docs let a builder leave return types out; everything else is as strict as in the sources.
MYPY = "# mypy: allow-untyped-defs, allow-incomplete-defs\n"


def modules() -> Mapping[str, str]:
    """Return all Python as modules: a block's first comment names its file, or else its page."""
    sources: dict[str, str] = {}
    for block in blocks_of("python"):
        named = re.match(r"# (\w+)\.py\n", block.text)
        name = named[1] if named else Path(block.document).stem.replace("-", "_") + "_page"
        sources[name] = f"{sources[name]}\n\n{block.text}" if name in sources else block.text
    return sources


def write(folder: Path) -> None:
    """Write the modules to a folder, which then holds no other Python."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.py"):
        path.unlink()
    for name, source in modules().items():
        (folder / f"{name}.py").write_text(MYPY + source, "utf-8")


def write_tutorial(folder: Path) -> None:
    """Write what the tutorial has a newcomer write."""
    for name in ("my_bot", "test_my_bot"):
        (folder / f"{name}.py").write_text(modules()[name], "utf-8")
    (folder / "my_bot.yaml").write_text(lex_bots()[TUTORIAL], "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
