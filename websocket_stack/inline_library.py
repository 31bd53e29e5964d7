"""The fulfillment Lambda as one file, which holds the library's modules as texts.

``scripts/templates`` fills ``SOURCES`` for ``templates/lex-streaming-standalone.yaml``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

SOURCES: dict[str, str] = {}


class Library(MetaPathFinder, Loader):
    """Imports modules from ``SOURCES``, as an entry of ``sys.meta_path``."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in SOURCES:
            return None
        is_package = any(other.startswith(f"{fullname}.") for other in SOURCES)
        return ModuleSpec(fullname, self, is_package=is_package)

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        exec(compile(SOURCES[name], f"{name.replace('.', '/')}.py", "exec"), vars(module))

    def get_source(self, name: str) -> str:
        """Return a module's text, of which tracebacks show lines."""
        return SOURCES[name]


sys.meta_path.insert(0, Library())

from fulfillment.handler import lambda_handler  # noqa: E402

__all__ = ["lambda_handler"]
