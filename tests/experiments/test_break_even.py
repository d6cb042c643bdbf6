"""How long a method may think before a rival earns as much."""

import json

import numpy as np
import polars as pl
import pytest

import tradesim
from tradesim import SyntheticMarket, break_even
from tradesim.errors import ArgumentError
from tradesim.experiments.break_even import answers
from tradesim.experiments.crossing import places
from tradesim.experiments.plan import CURVE
from tradesim.units import SECOND

SHORT = SyntheticMarket(duration=20 * SECOND)
TRIED = (0, 10_000, 40_000, 400_000)


@pytest.fixture(scope="module")
def found(home):
    return break_even(
        methods=("analytic-slice", "proxy"),
        against=("analytic-slice", "nothing", "curve"),
        market=SHORT,
        seeds=range(1, 13),
        latency="fixed:40us",
        latencies=TRIED,
        db=home / "break-even.duckdb",
        jobs=1,
    )


def row(found, method: str, rival: str) -> dict:
    return found.table.filter(method=method, rival=rival).row(0, named=True)


def test_a_method_against_itself_breaks_even_at_its_own_latency(found):
    told = row(found, "analytic-slice", "analytic-slice")
    assert told["answer"] == "latency"
    assert told["low"] <= 40_000 * (1 + 1e-9)
    assert told["high"] >= 40_000 * (1 - 1e-9)
    assert told["low"] <= told["break_even"] <= told["high"]
    assert told["break_even"] == pytest.approx(40_000, rel=0.3)


def test_the_run_at_a_fixed_latency_is_the_own_run_at_that_latency_to_the_last_unit(found):
    money = found.comparison.store.query("""
        SELECT DISTINCT money FROM fixed_differences_long
        WHERE key.method = key.rival AND key.compute_ns = 40000
    """)
    assert money["money"].to_list() == [0]


def test_a_run_at_no_latency_is_the_instant_run_to_the_last_unit(found):
    """With a stated latency updates are instant, too."""
    rows = found.comparison.store.query("""
        SELECT f.pnl AS fixed, i.pnl AS instant
        FROM run_pnl f JOIN run_pnl i USING (comparison, tape_hash, seed, method)
        WHERE f.role = 'fixed' AND f.compute_ns = 0 AND i.role = 'instant'
    """)
    assert len(rows) == 24
    assert (rows["fixed"] == rows["instant"]).all()


def test_a_method_with_the_same_prices_has_the_same_break_even(found):
    """A curve's prices are the solver's to 1e-6, so the solver may take as long as it does."""
    assert row(found, "analytic-slice", "curve")["break_even"] == pytest.approx(
        row(found, "analytic-slice", "analytic-slice")["break_even"]
    )


def test_an_inexact_method_that_loses_at_zero_latency_never_breaks_even(found):
    told = row(found, "proxy", "analytic-slice")
    assert (told["answer"], told["break_even"], told["high_answer"]) == ("never", None, "never")


def test_one_that_still_earns_at_the_slowest_latency_always_beats_doing_nothing(found):
    told = row(found, "analytic-slice", "nothing")
    assert (told["answer"], told["break_even"]) == ("always", None)
    assert told["rival_pnl_mean"] == 0.0


def test_closer_latencies_were_tried_around_the_break_even_only(found):
    tried = found.curves.filter(method="analytic-slice")["compute_ns"].unique().sort().to_list()
    closer = [ns for ns in tried if ns not in TRIED]
    assert len(closer) in {7, 14}
    assert all(10_000 < ns < 400_000 for ns in closer)
    assert found.curves.filter(method="proxy")["compute_ns"].unique().sort().to_list() == list(TRIED)


def test_it_is_one_json_object(found):
    said = json.loads(found.to_json())
    assert [each["answer"] for each in said["break_even"]] == found.table["answer"].to_list()
    assert len(said["curves"]) == len(found.curves)


@pytest.mark.slow
def test_below_five_seeds_the_interval_is_unknown_and_the_same_seeds_say_the_same(home):
    first, second = (
        break_even(
            methods=("analytic-slice",),
            against=("analytic-slice",),
            market=SyntheticMarket(duration=3 * SECOND),
            seeds=(1, 2),
            latency="fixed:40us",
            latencies=(0, 100_000),
            db=home / f"{name}.duckdb",
            jobs=1,
        ).table
        for name in ("first", "second")
    )
    assert (first["low_answer"][0], first["high_answer"][0]) == ("unknown", "unknown")
    assert first.equals(second)


def planted(root: float, half_width: float | None) -> pl.DataFrame:
    """A difference that falls evenly over the logarithm of latency through zero at ``root``, known to a factor."""
    tried = np.array(CURVE)
    mean = 100.0 * (np.arcsinh(root / 1_000) - places(tried, tried))
    off = None if half_width is None else 100.0 * half_width
    low, high = (None, None) if off is None else (pl.lit(mean - off), pl.lit(mean + off))
    return pl.DataFrame({"compute_ns": tried, "mean": mean}).with_columns(low=low, high=high)


@pytest.mark.parametrize("root", [3_300.0, 43_000.0, 5_600_000.0])
def test_a_planted_difference_has_its_root_and_its_interval_back(root):
    told = answers(planted(root, half_width=0.2), resolution=1, identified=True)
    assert (told["answer"], told["low_answer"], told["high_answer"]) == ("latency", "latency", "latency")
    assert told["break_even"] == pytest.approx(root, rel=1e-9)
    assert np.arcsinh(told["low"] / 1_000) == pytest.approx(np.arcsinh(root / 1_000) - 0.2)
    assert np.arcsinh(told["high"] / 1_000) == pytest.approx(np.arcsinh(root / 1_000) + 0.2)


@pytest.mark.parametrize(("half_width", "ends"), [(9.5, ("never", "always")), (None, ("unknown", "unknown"))])
def test_an_interval_beyond_what_was_tried_says_so(half_width, ends):
    told = answers(planted(5e6, half_width), resolution=1, identified=True)
    assert (told["low_answer"], told["high_answer"]) == ends
    assert told["low"] is told["high"] is None


def test_what_a_tape_cannot_tell_apart_is_not_identified():
    for resolution, identified in ((60 * SECOND, True), (1, False)):
        told = answers(planted(43_000.0, 0.2), resolution=resolution, identified=identified)
        assert {told["answer"], told["low_answer"], told["high_answer"]} == {"not identified"}
        assert told["break_even"] is None
    assert answers(planted(5e6, 0.2), resolution=1_000, identified=True)["answer"] == "latency"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"methods": ("grid",)}, "nothing stands against it"),
        ({"methods": ("grid", "magic")}, "no such method"),
        ({"against": ()}, "at least one"),
        ({"latencies": (0,)}, "0 and at least one more"),
        ({"latencies": (10, 20)}, "0 and at least one more"),
        ({"latencies": (0, 10, 10)}, "none twice"),
    ],
)
def test_what_cannot_be_asked_is_refused(asked, message):
    with pytest.raises(ArgumentError, match=message):
        tradesim.break_even(**asked)
