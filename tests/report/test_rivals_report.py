"""The tables, the sentences and the chart of `tradesim rivals`, from rows whose answers are known."""

import io

import polars as pl
import pytest
from rich.console import Console

from tradesim.report.rivals_chart import rivals_chart
from tradesim.report.rivals_table import rivals_methods_table, rivals_table, statements

FAST, MIDDLE, SLOW = 10_000, 100_000, 1_000_000


def printed(table) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(table)
    return console.file.getvalue()


@pytest.fixture
def table() -> pl.DataFrame:
    rows = [
        {"reaction": reaction, "compute_ns": ns, "seeds": 8, "pnl": 100.0 * kept, "kept": kept, "standard_error": 0.01}
        | {"analytic": kept + 0.02}
        for reaction, shares in ((FAST, (1.0, 0.52, -0.0002)), (SLOW, (1.0, 0.99, 0.5)))
        for ns, kept in zip((0, 10_000, 1_000_000), shares, strict=True)
    ]
    return pl.DataFrame(rows)


@pytest.fixture
def methods() -> pl.DataFrame:
    rows = [
        {"reaction": reaction, "method": method, "to_wire_p50": ns, "seeds": 8, "pnl": 1_000.0 * kept, "kept": kept}
        | {"standard_error": 0.01, "analytic": kept}
        for reaction, shares in ((FAST, (0.1, 0.8)), (SLOW, (0.9, 1.0)))
        for method, ns, kept in zip(("analytic", "grid"), (141_000, 3_400), shares, strict=True)
    ]
    return pl.DataFrame(rows)


def differences(**signs: tuple[int, int, int]) -> pl.DataFrame:
    """``a_b=(1, 0, -1)``: a earns more than b with fast makers, b more with slow ones, and between them it is open."""
    rows = [
        {"method": pair[0], "rival": pair[2], "reaction": reaction, "seeds": 8, "sign": sign}
        | {"mean": 10.0 * sign + 0.5, "low": 10.0 * sign - 5.0, "high": 10.0 * sign + 5.0}
        for pair, each in signs.items()
        for reaction, sign in zip((FAST, MIDDLE, SLOW), each, strict=True)
    ]
    return pl.DataFrame(rows)


def test_the_table_has_the_formula_beside_the_simulation(table, facts):
    shown = printed(rivals_table(table, facts))
    assert all(words in shown for words in ("at once", "10 us", "1 ms", "8 seeds", "52.0% (54.0%)", " 0.0% (2.0%)"))
    assert "-0.0%" not in shown


def test_methods_stand_at_their_latency(methods, facts):
    shown = printed(rivals_methods_table(methods, facts))
    assert all(words in shown for words in ("141 us", "3.4 us", "800 (80.0%)", "1,000 (100.0%)", "USD"))


def test_an_order_that_holds_at_all_reactions_is_stated_first():
    said = statements(differences(a_b=(-1, -1, -1), a_c=(-1, -1, -1), b_c=(-1, -1, 0)))
    assert said[0] == "Whatever the makers' median, 10 us to 1 ms: a < b, c."
    assert said[1] == "Up to 100 us: a < b < c."
    assert said[2] == "b earns more than a at all reactions, by 9.5 to 9.5."
    assert said[-1] == "c earns more than b at 10 us, 100 us, by 9.5 to 9.5; undecided at 1 ms."


def test_what_does_not_hold_is_said_so():
    said = statements(differences(a_b=(1, 0, -1), a_c=(0, 0, 0), b_c=(0, 1, 0)))
    assert said == [
        "No order of all methods holds at every median tried, 10 us to 1 ms.",
        "a and b change places: a earns more at 10 us, b at 1 ms; undecided at 100 us.",
        "a and c: undecided at all reactions, the largest difference is 0.5.",
        "b earns more than c at 100 us, by 10.5; undecided at 10 us, 1 ms.",
    ]


def test_methods_that_beat_each_other_in_turn_have_no_order():
    said = statements(differences(a_b=(1, 1, 1), b_c=(1, 1, 1), a_c=(-1, -1, -1)))
    assert said[0].startswith("No order")
    assert len(said) == 4


def test_without_intervals_nothing_is_stated():
    few = differences(a_b=(1, 1, 1)).with_columns(low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64))
    assert statements(few) == ["Below five seeds there is no interval: who earns more is not stated."]
    assert statements(few.clear()) == []


def test_the_chart_has_a_circle_for_each_share_and_a_rule_for_each_method(table, methods, facts):
    lines = pl.DataFrame({"share": [0.5, 0.5], "compute_ns": [1e4, 1e6], "reaction": [1e4, 1e6]})
    drawn = rivals_chart(table, lines, methods, facts).to_dict()
    rows = list(drawn["datasets"].values())
    circles = next(each for each in rows if "words" in each[0])
    assert [(row["x"], row["y"], row["words"]) for row in circles] == [
        (10_000, FAST, "52%"),
        (1_000_000, FAST, "0%"),
        (10_000, SLOW, "99%"),
        (1_000_000, SLOW, "50%"),
    ]
    rules = next(each for each in rows if "label" in each[0])
    assert [(row["x"], row["label"]) for row in rules] == [(141_000, "analytic 141 us"), (3_400, "grid 3.4 us")]
    assert "american options" in " ".join(drawn["title"]["subtitle"])
