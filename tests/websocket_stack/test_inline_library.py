"""The one file in a process that has no other copy of the library."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from websocket_stack.cloudformation.inline_code import inline_code

pytestmark = pytest.mark.slow

# Powertools is in the layer, and boto3 in the runtime.
PACKAGES = Path(str(distribution("aws-lambda-powertools").locate_file("")))
TEST = """\
import json, sys, traceback
sys.path[:0] = sys.argv[1:]
import index, fulfillment.models.bedrock.converse as converse
from fulfillment import Bot, Turn
try:
    Bot().include(None)
except Exception:
    lines = traceback.format_exc()
print(json.dumps([index.lambda_handler.__module__, converse.__spec__.origin, lines]))
"""


def test_the_library_is_imported_from_it(tmp_path: Path) -> None:
    (tmp_path / "index.py").write_text(inline_code(), "utf-8")
    # -S: the clone, which is installed too, is not found.
    output = subprocess.run(
        [sys.executable, "-S", "-c", TEST, str(tmp_path), str(PACKAGES)],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    module, origin, lines = json.loads(output)

    assert module.startswith("fulfillment.")
    assert origin is None
    assert 'File "fulfillment/' in lines
    # A traceback shows the line itself.
    assert "raise " in lines or "for " in lines
