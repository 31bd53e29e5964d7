"""What is printed of a measurement."""

from __future__ import annotations

from scripts.benchmark.tables import Spread, Table

SAMPLES = {
    "ours": [{"CPU ms": 30.0}, {"CPU ms": 90.0}, {"CPU ms": 40.0}],
    "plain": [{"CPU ms": 80.0}, {"CPU ms": 70.0}, {"CPU ms": 160.0}],
}


def test_row_has_medians_spreads_ratio_and_difference() -> None:
    title, header, row = Table("Warm", SAMPLES).lines()
    assert title == "Warm"
    assert header.split() == ["ours", "plain", "vs", "plain"]
    assert row.split() == "CPU ms 40 (30-90) 80 (70-160) 0.500 -40.0".split()


def test_columns_line_up() -> None:
    _, header, row = Table("Warm", SAMPLES).lines()
    assert len(header) == len(row)


def test_nothing_is_divided_by_zero() -> None:
    assert Spread.of([2.0]).compared(Spread.of([0.0])) == "+2.0"


def test_json_has_every_spread() -> None:
    figures = Table("Warm", SAMPLES).to_json()["figures"]
    assert figures == {
        "CPU ms": {
            "ours": {"median": 40.0, "least": 30.0, "most": 90.0},
            "plain": {"median": 80.0, "least": 70.0, "most": 160.0},
        }
    }
