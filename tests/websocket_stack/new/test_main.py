from __future__ import annotations

from pathlib import Path

import pytest

from websocket_stack.new.__main__ import main


def test_it_lists_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "shop"

    assert main([str(folder)]) == 0
    listed = capsys.readouterr().out
    assert all(str(path) in listed for path in folder.iterdir())


def test_it_says_why_it_wrote_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shop").touch()

    assert main([str(tmp_path / "shop")]) == 1
    assert capsys.readouterr().err == f"new: {tmp_path}/shop: File exists\n"
