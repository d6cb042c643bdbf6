import math

import numpy as np
import polars as pl
import pytest
from several_assets import price

from tradesim.errors import ArgumentError, ProblemError

ON = {"MinBasket": "worst", "MaxBasket": "best", "SpreadBasket": "sum"}
LAST_DIGIT = 0.01
"""Rows without a tolerance are cut off after cents: 1.558 is quoted as 1.55."""


def rows(folder, name, kind):
    table = pl.read_csv(folder / f"{name}.csv", infer_schema_length=None)
    return table.filter(pl.col("kind").str.starts_with(kind)).to_dicts()


def priced(row, **changes):
    every = [str(i) for i in (2, 3) if f"S{i}" in row]
    asked = {
        "spots": np.array([row["S"], *(row[f"S{i}"] for i in every)]),
        "strike": row["K"],
        "expiry": row["T_eff"],
        "volatilities": np.array([row["sigma"], *(row[f"sigma{i}"] for i in every)]),
        "rate": row["r"],
        "dividends": np.array([row["q"], *(row.get(f"q{i}", row["q"]) for i in every)]),
        "correlation": row["rho"],
        "right": 1 if row["option_type"] == "call" else -1,
        "on": ON[row["basket"]],
    }
    return price(**(asked | changes))


@pytest.mark.parametrize(("name", "count"), [("bsm-2_basket2", 19), ("bsm-3_basket3", 7)])
def test_published_exact_rows(shared_reference, name, count):
    table = rows(shared_reference, name, "exact_rounded")
    assert len(table) == count
    for row in table:
        assert priced(row) == pytest.approx(row["value"], abs=row["tolerance"] or LAST_DIGIT), row["id"]


def test_published_spreads_are_an_approximation_on_futures(shared_reference):
    """Kirk's formula, of futures: their dividend yield is the rate."""
    table = rows(shared_reference, "bsm-2_basket2", "approximation:Kirk")
    assert len(table) == 9
    for row in table:
        exact = priced(row, weights=np.array([1.0, -1.0]), dividends=row["r"])
        assert exact == pytest.approx(row["value"], abs=0.002), row["id"]


def random_assets(rng, d):
    factors = np.abs(rng.normal(size=(d, d + 2)))
    covariance = factors @ factors.T
    spread = np.sqrt(np.diag(covariance))
    return {
        "spots": 100.0 * np.exp(rng.uniform(-0.4, 0.4, d)),
        "strike": 100.0,
        "expiry": rng.integers(5, 366) / 365.0,
        "volatilities": rng.uniform(0.1, 0.6, d),
        "rate": 0.03,
        "dividends": rng.uniform(0.0, 0.05, d),
        "correlation": covariance / np.outer(spread, spread),
        "weights": rng.dirichlet(np.full(d, 3.0)),
        "right": 1,
    }


def choi(ql, *, spots, strike, expiry, volatilities, rate, dividends, correlation, weights, right):
    today, counter = ql.Date(1, 1, 2024), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = today

    def flat(level):
        return ql.YieldTermStructureHandle(ql.FlatForward(today, float(level), counter))

    processes = [
        ql.GeneralizedBlackScholesProcess(
            ql.QuoteHandle(ql.SimpleQuote(float(spot))),
            flat(dividend),
            flat(rate),
            ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), float(volatility), counter)),
        )
        for spot, volatility, dividend in zip(spots, volatilities, dividends, strict=True)
    ]
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if right > 0 else ql.Option.Put, strike)
    option = ql.BasketOption(
        ql.AverageBasketPayoff(payoff, weights.tolist()), ql.EuropeanExercise(today + round(365 * expiry))
    )
    option.setPricingEngine(ql.ChoiBasketEngine(processes, ql.Matrix(correlation.tolist()), 15.0))
    return option.NPV()


@pytest.mark.parametrize(("d", "most"), [(2, 1e-6), (3, 1e-6), (4, 1e-3)])
def test_sums_agree_with_quantlib(d, most):
    """With four assets QuantLib's engine has not converged; finer grids here move prices by less than 1e-11."""
    ql = pytest.importorskip("QuantLib")
    rng = np.random.default_rng(8)
    for _ in range(10):
        assets = random_assets(rng, d)
        assert price(**assets) == pytest.approx(choi(ql, **assets), abs=most)


@pytest.mark.parametrize("on", ["sum", "best", "worst"])
def test_put_call_parity(on):
    assets = random_assets(np.random.default_rng(1), 3) | {"on": on}
    call, put = price(**assets | {"right": 1}), price(**assets | {"right": -1})
    itself = price(**assets | {"right": 1, "strike": 1e-9})
    assert call - put == pytest.approx(itself - 100.0 * math.exp(-0.03 * assets["expiry"]), abs=1e-4)


def test_the_best_and_the_worst_of_two_are_both():
    """The greater and the lesser of two assets are the two assets."""
    assets = random_assets(np.random.default_rng(2), 2)
    del assets["weights"]
    both = sum(price(**assets, on=on) for on in ("best", "worst"))
    apart = sum(
        price(**assets | {"weights": weight, "on": "sum"})
        for weight in (np.array([1.0, 1e-12]), np.array([1e-12, 1.0]))
    )
    assert both == pytest.approx(apart, abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"right": 0}, ArgumentError, "give \\+1 or -1"),
        ({"spots": np.array([1.0, -1.0])}, ArgumentError, "spots above zero"),
        ({"spots": np.ones(9)}, ArgumentError, "9 assets"),
        ({"correlation": -0.95, "volatilities": np.array([0.1, 0.6])}, ProblemError, "asset 0 falls as the sum rises"),
    ],
)
def test_what_it_cannot_price_is_said(changes, error, message):
    asked = {"spots": np.full(2, 100.0), "strike": 100.0, "expiry": 1.0, "volatilities": 0.2, "rate": 0.0}
    with pytest.raises(error, match=message):
        price(**(asked | {"correlation": 0.5, "right": 1} | changes))
