"""What is kept over own latency and the makers' reaction: simulated, and by the formula."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from tradesim import SyntheticMarket, Wires, rivals
from tradesim.errors import ArgumentError
from tradesim.experiments.kept import share_kept, standing, time_on_wires
from tradesim.experiments.rivals import LATENCIES
from tradesim.simulation.latency import Fixed, LogNormal
from tradesim.simulation.wires import PerAction, Recorded
from tradesim.units import MICROSECOND, SECOND

US = MICROSECOND


@given(median=st.floats(1e3, 1e8), latency=st.floats(1.0, 1e9), sigma=st.floats(0.1, 3.0))
def test_where_the_fixed_part_is_the_wires_only_the_ratio_of_the_latencies_counts(median, latency, sigma):
    market = SyntheticMarket(delay_fixed=50 * US, delay_median=round(median), delay_sigma=sigma)
    (kept,) = share_kept(np.array([latency]), wires=time_on_wires(Wires()), stands=standing(market))
    assert kept == pytest.approx(1.0 - ndtr(math.log(latency / round(median)) / sigma), abs=1e-9)


@given(st.lists(st.floats(0.0, 1e9), min_size=2, max_size=9), st.integers(0, 10**6))
def test_less_is_kept_the_longer_it_takes_and_all_at_once(latencies, wires):
    latencies = np.array([0.0, *sorted(latencies)])
    kept = share_kept(latencies, wires=wires, stands=standing(SyntheticMarket()))
    assert kept[0] == 1.0
    assert (np.diff(kept) <= 0.0).all()
    assert (kept >= 0.0).all()


def test_a_rival_who_takes_quotes_is_a_factor_of_what_stands():
    makers = standing(SyntheticMarket())
    with_rival = share_kept(np.array([10_000.0]), wires=50_000, stands=lambda ns: makers(ns) * np.exp(-ns / 20_000))
    alone = share_kept(np.array([10_000.0]), wires=50_000, stands=makers)
    assert with_rival[0] == pytest.approx(alone[0] * math.exp(-0.5))


def test_the_time_on_the_wires_is_that_of_the_feed_the_sending_and_the_way_to_the_venue():
    assert time_on_wires(Wires()) == 50 * US
    entry = PerAction(place=LogNormal(median=7 * US, sigma=0.5), cancel=Fixed(1), replace=Fixed(2))
    assert time_on_wires(Wires(feed=Recorded(), entry=entry, send=Fixed(3 * US))) == 10 * US


@pytest.fixture(scope="module")
def small(home):
    return rivals(
        methods=("analytic-slice", "nothing"),
        reactions=(1_000_000, 20_000),
        latencies=(0, 30_000, 300_000),
        market=SyntheticMarket(duration=10 * SECOND),
        seeds=(1, 2, 3, 4, 5),
        latency="fixed:40us",
        db=home / "rivals.duckdb",
        jobs=1,
    )


def test_each_reaction_is_a_comparison_of_its_own_on_a_market_that_differs_in_it_alone(small):
    assert [market.delay_median for market in small.markets] == [20_000, 1_000_000]
    sources = [comparison.facts["manifest"]["configuration"]["source"] for comparison in small.comparisons]
    assert [source.pop("delay_median") for source in sources] == [20_000, 1_000_000]
    assert sources[0] == sources[1]
    assert len({comparison.facts["manifest"]["tape"] for comparison in small.comparisons}) == 2


def test_what_is_kept_is_the_ratio_of_the_money(small):
    assert small.table.select("reaction", "compute_ns").rows() == [
        (reaction, ns) for reaction in (20_000, 1_000_000) for ns in (0, 30_000, 300_000)
    ]
    for comparison, (_, rows) in zip(
        small.comparisons, small.table.group_by("reaction", maintain_order=True), strict=True
    ):
        pnl = comparison.curve["pnl"]
        assert rows["pnl"].to_list() == pytest.approx(pnl.to_list())
        assert rows["kept"].to_list() == pytest.approx((pnl / pnl[0]).to_list())
        assert (rows["kept"][0], rows["standard_error"][0], rows["analytic"][0]) == (1.0, 0.0, 1.0)
    slow = small.table.filter(reaction=1_000_000)
    assert slow["kept"][1] > small.table.filter(reaction=20_000)["kept"][1]


def test_a_method_keeps_what_reference_prices_keep_at_its_latency(small):
    rows = small.methods
    assert rows.select("reaction", "method").rows() == [
        (reaction, method) for reaction in (20_000, 1_000_000) for method in ("analytic-slice", "nothing")
    ]
    fast = rows.filter(reaction=20_000, method="analytic-slice").row(0, named=True)
    assert fast["to_wire_p50"] == 40_000
    assert fast["analytic"] == pytest.approx(1.0 - ndtr(math.log(2.0) / 1.3))
    assert rows.filter(method="nothing")["kept"].to_list() == [0.0, 0.0]


def test_the_sign_of_a_difference_is_that_of_its_interval(small):
    rows = small.differences
    assert rows.select("method", "rival", "reaction").rows() == [
        ("analytic-slice", "nothing", reaction) for reaction in (20_000, 1_000_000)
    ]
    for row in rows.iter_rows(named=True):
        assert row["sign"] == (row["low"] > 0) - (row["high"] < 0)


def test_lines_of_the_formula_lie_where_it_keeps_the_share(small):
    for share, ns, reaction in small.lines.iter_rows():
        market = SyntheticMarket(delay_median=round(reaction))
        (kept,) = share_kept(np.array([ns]), wires=50 * US, stands=standing(market))
        assert kept == pytest.approx(share, abs=2e-3)


def test_it_is_one_json_object_and_the_views_hold_it(small):
    said = json.loads(small.to_json(), parse_constant=pytest.fail)
    assert len(said["table"]) == 6
    assert len(said["comparisons"]) == 2
    rows = small.comparisons[0].store.query(
        "FROM market_reaction JOIN kept_share USING (comparison) WHERE role = 'curve'"
    )
    assert set(rows["delay_median"]) == {20_000, 1_000_000}
    assert set(rows["delay_sigma"]) == {1.3}


@pytest.mark.parametrize("reactions", [(), (10_000,), (10_000, 10_000), (0, 10_000)])
def test_an_axis_has_two_reactions_or_more(reactions):
    with pytest.raises(ArgumentError, match="two or more"):
        rivals(reactions=reactions)


def test_latencies_without_zero_are_refused():
    with pytest.raises(ArgumentError, match="0 and at least one more"):
        rivals(latencies=(1_000, 2_000))


@pytest.mark.slow
def test_the_simulated_share_is_that_of_the_formula(home):
    found = rivals(
        methods=("nothing",),
        reactions=(10_000, 100_000, 10_000_000),
        latencies=LATENCIES,
        market="teaching",
        latency="fixed:40us",
        db=home / "kept.duckdb",
        jobs=1,
    )
    far = (found.table["kept"] - found.table["analytic"]).abs()
    assert far.max() < 0.04
    assert far.mean() < 0.01
