from __future__ import annotations

import pytest

from scripts.benchmark.chat_server.clients import Arrival
from scripts.benchmark.chat_server.measure import CPU, BrokenReply, figures_of
from scripts.benchmark.chat_server.process import CHAT_SERVER, SILENT
from scripts.benchmark.chat_server.report import net


def test_figures_compare_a_text_with_the_chunks_in_it() -> None:
    answer = [Arrival(1.5, "1.0 "), Arrival(3.25, "2.0 3.0 ")]
    assert figures_of([answer], 3) == {
        "frames a reply": 2,
        "first text, ms (95th percentile)": 500,
        "last text, ms (95th percentile)": 250,
    }


@pytest.mark.parametrize("texts", [["1.0 "], ["2.0 ", "1.0 "], ["1.0 ", "1.0 2.0 "]])
def test_a_reply_that_is_not_whole_is_no_figure(texts: list[str]) -> None:
    with pytest.raises(BrokenReply):
        figures_of([[Arrival(9.0, text) for text in texts]], 2)


def test_what_any_server_takes_is_subtracted() -> None:
    samples = {CHAT_SERVER: [{CPU: 5.0}], SILENT: [{CPU: 1.0}, {CPU: 2.0}, {CPU: 9.0}]}
    assert net(samples) == {CHAT_SERVER: [{CPU: 5.0, f"{CPU}, net of a silent server": 3.0}]}
