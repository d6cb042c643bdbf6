"""A comparison as the views tell it, in figures that can be checked by eye."""

from typing import Any

import polars as pl
import pytest

EFFECTS = ("pnl_error", "slow_inputs", "pricing_effect", "latency_effect", "interaction", "make_instant", "make_exact")


def method_row(method: str, **said: Any) -> dict[str, Any]:
    """A row of ``comparison_table``: ``said`` over a method that did nothing wrong."""
    latency = {f"{what}_{p}": 4_000 for what in ("latency", "wait", "compute") for p in ("p50", "p99", "p999")}
    amounts = {f"{effect}_{part}": 0.0 for effect in ("pnl", *EFFECTS) for part in ("mean", "standard_deviation")}
    certainty = dict.fromkeys(
        (f"{effect}_{part}" for effect in ("pnl", *EFFECTS) for part in ("t", "p_value", "p_holm", "low", "high")), None
    )
    counts = {
        "footprint": 2048,
        "decisions": 1000,
        "orders": 20,
        "fills": 10,
        "paying": 7,
        "short_markouts": 0,
        "unvalued_fills": 0,
        "fallbacks": 0,
    }
    counts |= {"seeds": 8, "replicates": 8}
    counts |= {"identified": True, "update_p50": 20_000, "amortised_p50": 4_200.0, "update_busy": 0.002}
    counts |= {f"{stage}_p50": 1_000 for stage in ("feed", "price", "decide", "send")}
    counts |= {"to_wire_p50": said.get("compute_p50", 4_000)}
    counts |= {f"price_{timing}_p50": 900 for timing in ("live", "hot", "cold")} | {"memory_cost": None}
    errors = {"error_rms": 0.001, "error_max": 0.01, "tradable": True}
    return {"method": method, **latency, **amounts, **certainty, **counts, **errors, **said}


@pytest.fixture
def table() -> pl.DataFrame:
    rows = [
        method_row("nothing", compute_p50=200, pnl_mean=0.0, error_rms=None, error_max=None, tradable=None),
        method_row("proxy", compute_p50=1_000, pnl_mean=-400.0, error_rms=0.2, error_max=0.9, tradable=False),
        method_row(
            "analytic",
            compute_p50=400_000,
            pnl_mean=10.0,
            error_rms=0.0,
            error_max=1e-9,
            pnl_error_mean=-35.0,
            pnl_error_t=-7.0,
            latency_effect_mean=-35.0,
            latency_effect_t=-7.0,
        ),
        method_row(
            "grid",
            compute_p50=4_000,
            pnl_mean=43.0,
            error_rms=0.004,
            error_max=0.03,
            pnl_error_mean=-2.0,
            pnl_error_t=-4.0,
            pricing_effect_mean=-0.5,
            pricing_effect_t=-1.0,
            latency_effect_mean=-1.75,
            latency_effect_t=-3.5,
            latency_effect_p_holm=0.0123,
            interaction_mean=0.25,
            interaction_t=0.5,
        ),
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


@pytest.fixture
def curve() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "compute_ns": [0, 1_000, 100_000, 100_000_000],
            "seeds": [8, 8, 8, 8],
            "pnl": [45.0, 44.0, 24.0, 1.0],
            "standard_error": [2.0, 2.0, 1.0, 0.5],
        }
    )


@pytest.fixture
def facts() -> dict[str, Any]:
    trading = {"rule": {"kind": "TakeRule"}, "hedge": None}
    configuration = {"seeds": [1, 2, 3, 4, 5, 6, 7, 8], "setting": {"horizon": 60_000_000_000}, "trading": trading}
    return {
        "problem": "american",
        "tape": "a generated market",
        "currency": "USD",
        "edge": 0.0075,
        "fair": "latent",
        "resolution": 1,
        "span": 120 * 10**9,
        "manifest": {"configuration": configuration},
    }


@pytest.fixture
def unidentified(table: pl.DataFrame) -> pl.DataFrame:
    """The same on a tape that cannot tell these latencies from zero: what they cost is null."""
    hidden = [
        f"{name}_{part}"
        for name in EFFECTS
        if name != "pricing_effect"
        for part in ("mean", "standard_deviation", "t", "p_value", "p_holm", "low", "high")
    ]
    return table.with_columns(pl.lit(False).alias("identified"), *(pl.lit(None).alias(name) for name in hidden))
