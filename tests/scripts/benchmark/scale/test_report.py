"""What is printed, and that docs/scaling.md says the same."""

from __future__ import annotations

import json
import re
import textwrap

import pytest

from scripts.benchmark.__main__ import main
from scripts.benchmark.model import Pace
from scripts.benchmark.scale.crowd import Crowd
from scripts.benchmark.scale.quotas import OUTPUT_TOKEN_WEIGHT, POST_BURST, QUOTAS, broken
from scripts.benchmark.scale.simulation import need
from scripts.benchmark.scale.turns import lex_streaming
from tests.documents import Document

DOCUMENT = Document("docs/scaling.md")
CROWD = Crowd(10_000, Pace(80, 0.02, 0.6))


def number(cell: str) -> float:
    found = re.search(r"[\d,.]*\d", cell)
    assert found, cell
    return float(found[0].replace(",", ""))


@pytest.mark.ci
def test_document_shows_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--scale"])
    (drawing,) = DOCUMENT.drawings
    assert textwrap.dedent(drawing).strip() == capsys.readouterr().out.strip()


def test_json_has_every_size(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--scale", "--json", "--people", "10", "20", "--tokens", "20"])
    quotas, posts = json.loads(capsys.readouterr().out)
    assert set(posts["figures"]) == {"10", "20"}
    assert set(quotas["figures"]["plain loop"]["10"]) == {quota.name for quota in QUOTAS}


def test_document_has_every_quota_and_its_number() -> None:
    rows = {row.cells[0]: row.cells for row in DOCUMENT.rows if row.head == "quota"}
    assert len(rows) == len(QUOTAS)
    for quota in QUOTAS:
        cells = rows[f"[{quota.name}]({quota.page})"]
        assert number(cells[1]) == quota.limit
        assert number(cells[2]) == pytest.approx(
            CROWD.people / quota.load(need(CROWD, lex_streaming)), 0.02
        )
    assert f"a burst of {POST_BURST:,}" in DOCUMENT.text
    assert OUTPUT_TOKEN_WEIGHT == 5 and "[five times]" in DOCUMENT.text


def test_document_has_the_posts_of_each_interval() -> None:
    rows = [row.cells for row in DOCUMENT.rows if row.head == "interval"]
    for interval, posts, people, *_ in rows:
        crowd = CROWD._replace(flush_interval_seconds=number(interval))
        found = need(crowd, lex_streaming).posts_per_reply
        assert number(posts) == found
        assert number(people) == pytest.approx(10_000 * 60 / found, 0.01)


def test_tightest_quota_breaks_first() -> None:
    names = [quota.name.split(":")[0] for quota in broken(need(CROWD, lex_streaming))]
    assert names == ["Lex V2", "Bedrock"]
