"""The whole measurement, as short as it can be; no figure is asserted, for machines differ."""

from __future__ import annotations

import json

import pytest

from scripts.benchmark import warm
from scripts.benchmark.__main__ import main
from scripts.benchmark.handlers import LEX_STREAMING, PLAIN_LOOP
from scripts.benchmark.model import Pace

pytestmark = pytest.mark.ci


def test_cold_turns_of_both_handlers(capsys: pytest.CaptureFixture[str]) -> None:
    # Long enough for a frame to leave before the text is complete, on a busy machine too.
    main(["--cold", "--tokens", "40", "--rates", "40", "--post-ms", "0", "--turns", "1", "--json"])
    (table,) = json.loads(capsys.readouterr().out)
    assert "of a core" in table["title"] or "of the time" in table["title"]
    assert set(table["figures"]["init, ms"]) == {"lex-streaming", "plain loop"}


def test_the_chat_server_and_a_plain_one(capsys: pytest.CaptureFixture[str]) -> None:
    few = ("--clients", "5", "--tokens", "10", "--turns", "1", "--silent-sockets", "200")
    main(["--door", "chat-server", *few, "--json"])
    steady, over_http, idle = json.loads(capsys.readouterr().out)
    assert steady["figures"]["frames a reply"]["plain server"]["median"] == 10
    assert over_http["figures"]["frames a reply"]["plain server"]["median"] == 10
    assert idle["figures"]["KB a socket"]["chat-server"]["median"] > 0


def test_tasks_and_a_plain_loop(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--door", "tasks", "--quick", "--tokens", "30", "--turns", "1", "--json"])
    (table,) = json.loads(capsys.readouterr().out)
    frames = table["figures"]["frames"]
    # Its text, and the end.
    assert frames["plain loop"]["median"] == 30 + 1
    assert frames["socket tasks"]["median"] <= 30 + 1


def test_warm_turns_of_both_handlers() -> None:
    turns = warm.run((LEX_STREAMING, PLAIN_LOOP), Pace(40, 0, 0), 20, 2, memory=True)
    for found in turns.values():
        assert [len(turn.record.deltas) for turn in found] == [20, 20]
        assert all(warm.figures(turn)["frames"] >= 1 for turn in found)
    assert warm.figures(turns["plain loop"][0])["frames"] == 20
