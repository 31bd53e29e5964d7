"""Functions that Lex would never call."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lamp_bot import LAMPS
from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment.build.called_functions import check, check_zip
from websocket_stack.deployment.build.lambda_zip import pack


def test_functions_that_lex_would_not_call_are_named(tmp_path: Path) -> None:
    (tmp_path / "lamps.py").write_text('@bot.intent("OrderLamps")\ndef order(turn): ...\n')
    with pytest.raises(CommandFailed, match=r"lamps\.py, line 1: .* OrderLamps; is OrderLamp "):
        check(LAMPS, [tmp_path])
    kept = pack({"lamps.py": tmp_path / "lamps.py", "fulfillment/x.py": tmp_path / "lamps.py"})
    with pytest.raises(CommandFailed, match=r"^[^\n]+\nlamps\.py, line 1: [^\n]+$"):
        check_zip(LAMPS, kept)
