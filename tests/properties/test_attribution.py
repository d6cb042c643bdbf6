"""Laws of the attribution, asserted on stored runs: makers and takers, hedged and not, generated and recorded tapes."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import tradesim
from tradesim.experiments.compare import Comparison, compare
from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.market.tape_file import write_tape
from tradesim.units import SECOND

MARKET = SyntheticMarket(duration=15 * SECOND, noise_rate=8.0)
MAKER = tradesim.Strategy(
    rule=tradesim.MakeRule(),
    trigger=tradesim.AnyOf((tradesim.SpotMoved(), tradesim.OwnTraded())),
    hedge=tradesim.DeltaHedge(band=100.0),
)
HEDGED_TAKER = tradesim.Strategy(hedge=tradesim.DeltaHedge(band=50.0))
FEES = tradesim.Fees(taker=0.0025, maker=-0.001, underlying=0.0005)
PARTS = (
    *("quoted_spread", "mispricing", "staleness", "taker_fees", "maker_fees"),
    *("adverse_selection", "inventory", "hedging_cost", "hedge_pnl"),
)
HORIZONS = [10**6, 10**7, 10**8, 10**9, 10**10]
EFFECTS = ("pnl_error", "slow_inputs", "pricing_effect", "latency_effect", "interaction")


def recorded(folder: Path) -> Path:
    """A tape of which nothing but its rows is known."""
    return write_tape(replace(generate(MARKET, seed=3), latent=None), folder / "recorded.parquet")


@pytest.fixture(scope="module", params=["maker", "taker", "recorded maker", "recorded taker"])
def comparison(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    folder = tmp_path_factory.mktemp("attribution")
    strategy = MAKER if "maker" in request.param else HEDGED_TAKER
    data_source = {"tape": recorded(folder)} if "recorded" in request.param else {"market": MARKET}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRADESIM_HOME", str(folder))
        return compare(
            **data_source,
            methods=("nothing", "proxy", "analytic-slice"),
            strategy=strategy,
            setting=tradesim.Setting(fees=FEES),
            latency="fixed:300us",
            seeds=(1, 2),
            curve=(0, 1_000_000),
            jobs=1,
        )


def rows(comparison: Comparison, query: str) -> pl.DataFrame:
    return comparison.store.query(query)


def test_the_parts_sum_to_the_end_marked_pnl_at_every_horizon(comparison: Comparison) -> None:
    told = rows(comparison, "SELECT * FROM attribution ORDER BY run, horizon")
    runs = rows(comparison, "SELECT run FROM runs ORDER BY run")["run"].to_list()

    assert told.select("run", "horizon").rows() == [(run, horizon) for run in runs for horizon in HORIZONS]
    assert told["residual"].to_list() == [0] * len(told)
    assert told.select(pl.sum_horizontal(PARTS)).to_series().to_list() == told["end_marked"].to_list()
    spread = told["quoted_spread"] + told["mispricing"] + told["staleness"]
    assert spread.to_list() == told["spread_earned"].to_list()


def test_every_part_that_the_strategy_has_is_there(comparison: Comparison) -> None:
    """The sum would hold of a view that put all in one part."""
    own = rows(comparison, "SELECT * FROM attribution WHERE role = 'own' AND method = 'proxy'")
    makes = rows(comparison, "SELECT 1 FROM fills WHERE liquidity = 'maker'").height > 0
    there = [*PARTS]
    there.remove("taker_fees" if makes else "maker_fees")

    assert (own.select(there).to_numpy() != 0).any(axis=0).all()


def test_the_parts_are_those_of_the_fills(comparison: Comparison) -> None:
    """By hand, from the fact tables alone."""
    fills = rows(comparison, "SELECT * FROM fills")
    orders = rows(comparison, "SELECT run, order_id, theo, reference FROM orders")
    markouts = rows(comparison, "SELECT * FROM markouts")
    units = pl.col("quantity") * pl.col("multiplier")
    known = fills.join(orders, on=["run", "order_id"]).with_columns(units=units)
    options, hedges = known.filter(pl.col("contract") >= 0), known.filter(pl.col("contract") == -1)
    later = options.join(markouts, on=["run", "desk", "fill"])

    def total(frame: pl.DataFrame, money: pl.Expr, *by: str) -> dict[object, int]:
        grouped = frame.group_by("run", *by).agg(money=money.sum())
        return {tuple(row[:-1]): row[-1] for row in grouped.iter_rows()}

    theo = (pl.col("theo") * 1e6).round().cast(pl.Int64)
    value = pl.col("value")
    expected = {
        "quoted_spread": total(options, (theo - pl.col("price")) * pl.col("units")),
        "spread_earned": total(options, (pl.col("standing") - pl.col("price")) * pl.col("units")),
        "maker_fees": total(options.filter(pl.col("liquidity") == "maker"), -pl.col("fee")),
        "taker_fees": total(options.filter(pl.col("liquidity") == "taker"), -pl.col("fee")),
        "hedging_cost": total(hedges, (pl.col("standing") - pl.col("price")) * pl.col("units") - pl.col("fee")),
        "hedge_pnl": total(hedges, (pl.col("mark") - pl.col("standing")) * pl.col("units")),
    }
    by_horizon = {
        "adverse_selection": total(later, (value - pl.col("standing")) * pl.col("units"), "horizon"),
        "inventory": total(later, (pl.col("mark") - value) * pl.col("units"), "horizon"),
    }
    told = rows(comparison, "SELECT * FROM attribution")
    assert len(told) > 0
    for row in told.iter_rows(named=True):
        assert {part: row[part] for part in expected} == {
            part: amounts.get((row["run"],), 0) for part, amounts in expected.items()
        }
        assert {part: row[part] for part in by_horizon} == {
            part: amounts.get((row["run"], row["horizon"]), 0) for part, amounts in by_horizon.items()
        }


def test_the_effects_of_the_parts_sum_to_the_effects(comparison: Comparison) -> None:
    told = rows(comparison, "SELECT * FROM attribution_effects")
    end = {
        (row["seed"], row["method"], row["role"]): row["end_marked"]
        for row in rows(comparison, "SELECT * FROM run_pnl").iter_rows(named=True)
    }
    assert told.group_by("part", "horizon").len().height == 7 + 2 * len(HORIZONS)
    for part in told.iter_rows(named=True):
        assert sum(part[effect] or 0 for effect in EFFECTS[1:]) == part["pnl_error"]
        assert (part["slow_inputs"] is None) == (comparison.facts["fair"] != "latent")
    for horizon in HORIZONS:
        at = told.filter(pl.col("horizon").is_null() | (pl.col("horizon") == horizon))
        for row in at.group_by("seed", "method").agg(pl.col(EFFECTS).sum()).iter_rows(named=True):
            seed, method = row["seed"], row["method"]
            own, instant, exact = (end[seed, method, role] for role in ("own", "instant", "exact"))
            oracle = end[seed, "reference", "oracle"]
            truth = end.get((seed, "reference", "truth"), oracle)
            assert row["pnl_error"] == own - truth
            assert (row["slow_inputs"] or 0) == oracle - truth
            assert row["pricing_effect"] == instant - oracle
            assert row["latency_effect"] == exact - oracle


def test_where_fair_value_is_latent_what_is_earned_at_the_fill_is_the_pnl(comparison: Comparison) -> None:
    if comparison.facts["fair"] != "latent":
        pytest.skip("a markout looks ahead")
    told = rows(comparison, "SELECT * FROM attribution JOIN (SELECT run, pnl FROM run_pnl) USING (run)")

    at_fill = told.select(pl.sum_horizontal("spread_earned", "taker_fees", "maker_fees", "hedging_cost")).to_series()
    assert at_fill.to_list() == told["pnl"].to_list()


def test_a_slow_maker_is_picked_off(comparison: Comparison) -> None:
    """With the same perfect prices, it trades more, quotes the same, and loses what its values had moved by then."""
    made = rows(comparison, "SELECT 1 FROM fills WHERE liquidity = 'maker'")
    if comparison.facts["fair"] != "latent" or made.is_empty():
        pytest.skip("it is about makers, where the value at the fill is known")
    told = rows(comparison, "SELECT * FROM attribution WHERE role = 'curve'").filter(pl.col("horizon") == SECOND)
    fast, slow = (told.filter(pl.col("compute_ns") == ns).sort("seed") for ns in (0, 1_000_000))

    assert len(fast) == len(slow) == 2
    assert (slow["quoted_spread"] > fast["quoted_spread"]).all()
    assert (slow["staleness"] < -slow["quoted_spread"]).all()
    assert (fast["staleness"] > -fast["quoted_spread"]).all()
    assert (slow["end_marked"] < fast["end_marked"]).all()


def test_reference_prices_are_not_mispriced(comparison: Comparison) -> None:
    told = rows(comparison, "SELECT * FROM attribution WHERE role IN ('oracle', 'exact', 'curve')")

    assert len(told) > 0
    assert told["mispricing"].to_list() == [0] * len(told)


def test_means_over_seeds_are_in_currency(comparison: Comparison) -> None:
    own = rows(comparison, "SELECT * FROM attribution WHERE role = 'own'").filter(pl.col("horizon") == SECOND)
    unit = comparison.facts["money_unit"]
    told = {
        (row["method"], row["part"]): row
        for row in comparison.attribution.iter_rows(named=True)
        if row["horizon"] in (None, SECOND)
    }
    for (method,), by_seed in own.group_by("method"):
        for part in (*PARTS, "end_marked"):
            assert told[method, part]["mean"] == pytest.approx(by_seed[part].to_numpy().mean() * unit)
            assert told[method, part]["standard_deviation"] == pytest.approx(
                by_seed[part].to_numpy().std(ddof=1) * unit
            )


def test_what_a_coarse_tape_cannot_tell_apart_is_not_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADESIM_HOME", str(tmp_path))
    tenths = replace(generate(MARKET, seed=3), latent=None, resolution=10**8)
    coarse = compare(
        tape=write_tape(tenths, tmp_path / "coarse.parquet"),
        methods=("analytic-slice",),
        strategy=MAKER,
        latency="fixed:300us",
        curve=(),
        jobs=1,
    )
    adverse = coarse.attribution.filter(pl.col("part") == "adverse_selection").sort("horizon")
    effects = rows(coarse, "SELECT DISTINCT effect FROM attribution_effects_money")
    effects_until = rows(
        coarse, "SELECT horizon FROM attribution_effects_money WHERE part = 'adverse_selection' ORDER BY horizon"
    )
    curve = rows(coarse, "SELECT horizon FROM markout_curve ORDER BY horizon NULLS FIRST")

    assert [row["horizon"] for row in adverse.iter_rows(named=True) if row["mean"] is None] == HORIZONS[:2]
    assert effects["effect"].to_list() == ["pricing_effect"]
    assert effects_until["horizon"].to_list() == HORIZONS[2:]
    assert curve["horizon"].to_list() == [None, 0, *HORIZONS[2:]]
    assert rows(coarse, "SELECT sum(abs(residual)) AS left_over FROM attribution")["left_over"][0] == 0
