"""Calibration against chains whose truth is known, and against real ones."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm

from tradesim.errors import ArgumentError, SourceError, TapeError
from tradesim.market.calibration import calibrate
from tradesim.market.chain import AMERICAN, EUROPEAN, Settlement
from tradesim.market.ingest import ingest
from tradesim.market.row_filter import OnBadRow
from tradesim.market.snapshot import read_snapshot, snapshot_of
from tradesim.market.svi import Smile
from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.market.tape_file import write_tape
from tradesim.pricing.american import price as american_price
from tradesim.pricing.european import price as european_price
from tradesim.units import DAY, MICROS, SECOND, instant

MARKET = SyntheticMarket(
    duration=5 * SECOND,
    noise_rate=0.0,
    level_step=0.0,
    spot=1000.0,
    strikes=tuple(float(k) for k in range(800, 1210, 20)),
    half_spread_least=0.05,
    half_spread_share=0.004,
    dividend=0.02,
)


@pytest.fixture(scope="module")
def generated():
    return generate(MARKET, seed=1)


def test_the_surface_of_a_generated_american_chain_is_found_from_its_quotes(generated):
    surface, fit = calibrate(snapshot_of(generated))
    assert {expiry.styles for expiry in surface.expiries} == {(AMERICAN,)}
    assert (surface.settlement, surface.tick) == (Settlement.QUOTE, 10_000)
    assert surface.rate == MARKET.rate
    assert fit.rmse < 0.1
    assert fit.inside > 0.99
    for expiry, days in zip(surface.expiries, MARKET.expiries, strict=True):
        assert expiry.years == pytest.approx(days / 365.0, rel=1e-4)
        assert expiry.carry == pytest.approx(MARKET.rate - MARKET.dividend, abs=0.005)
        moneyness = np.array(expiry.strikes)
        k = np.log(moneyness)
        truth = MARKET.level * (1.0 - MARKET.skew * k + MARKET.curvature * k**2)
        assert expiry.volatility(moneyness) == pytest.approx(truth, abs=0.003)
        assert expiry.spread_share == pytest.approx(MARKET.half_spread_share, rel=0.15)


def test_strikes_are_listed_ones_within_reach_and_no_more_than_asked(generated):
    snapshot = snapshot_of(generated)
    listed = set(MARKET.strikes)
    for count in (1, 3, 30):
        surface, _ = calibrate(snapshot, days=(30,), strikes=count, reach=1.0)
        (expiry,) = surface.expiries
        assert 1 <= len(expiry.strikes) <= count
        assert {round(k * snapshot.spot, 6) for k in expiry.strikes} <= listed
        assert max(abs(math.log(k)) for k in expiry.strikes) < 0.5 * math.sqrt(30 / 365) + 0.03


def test_days_that_are_nearest_to_one_expiry_give_it_once(generated):
    surface, fit = calibrate(snapshot_of(generated), days=(6, 7, 8, 29))
    assert len(surface.expiries) == len(fit.expiries) == 2


@pytest.mark.parametrize("bad", [{"days": ()}, {"strikes": 0}, {"reach": 0.0}])
def test_what_cannot_be_asked_is_refused(generated, bad):
    with pytest.raises(ArgumentError):
        calibrate(snapshot_of(generated), **bad)


def test_a_chain_with_too_few_quotes_is_refused(generated):
    snapshot = snapshot_of(generated)
    with pytest.raises(ArgumentError, match="two sides"):
        calibrate(dataclasses.replace(snapshot, ask=np.full(len(snapshot.ask), np.nan)))


def test_a_snapshot_holds_the_quotes_as_they_stand_then(generated):
    at = generated.start + 3 * SECOND
    snapshot = snapshot_of(generated, at=at)
    for contract in (0, 17, len(generated.chain) - 1):
        rows = np.flatnonzero((generated.instrument == contract + 1) & (generated.ts <= at))
        bid = generated.bid[rows[-1]] / MICROS if generated.bid_size[rows[-1]] else np.nan
        assert snapshot.bid[contract] == pytest.approx(bid, nan_ok=True)
    with pytest.raises(TapeError, match="state another instant"):
        snapshot_of(generated, at=generated.start - 1)


SMILE = Smile(a=0.002, b=0.04, rho=-0.2, m=0.01, sigma=0.1)
SPOT, CARRY, DAYS = 50_000.0, 0.05, 30


def deribit(path: Path, **changes) -> Path:
    """A snapshot as Deribit gives it, of European options in coin on one known smile, one contract a row."""
    years = DAYS / 365
    forward = SPOT * math.exp(CARRY * years)
    rows = []
    for strike in range(38_000, 66_000, 2_000):
        k = math.log(strike / forward)
        w = float(SMILE.variance(np.array([k]))[0])
        d1 = -k / math.sqrt(w) + 0.5 * math.sqrt(w)
        for sign, kind in ((1, "call"), (-1, "put")):
            value = sign * (norm.cdf(sign * d1) - strike / forward * norm.cdf(sign * (d1 - math.sqrt(w))))
            rows.append(
                {
                    "timestamp": "2025-12-30T08:00:00+00:00",
                    "instrument_name": f"BTC-29JAN26-{strike}-{kind[0].upper()}",
                    "option_type": kind,
                    "strike": float(strike),
                    "expiry_datetime": "2026-01-29T08:00:00+00:00",
                    "bid_price": round(value - 0.0005, 6) if value > 0.002 else None,
                    "ask_price": round(value + 0.0005, 6),
                    "futures_price": forward,
                    "currency": "BTC",
                    "index_price": SPOT,
                    "extra": 1,
                }
                | changes
            )
    pl.DataFrame(rows, schema_overrides={"bid_price": pl.Float64}).write_csv(path)
    return path


def test_a_deribit_snapshot_on_a_known_smile_gives_it_back(tmp_path):
    surface, fit = calibrate(read_snapshot(deribit(tmp_path / "chain.csv")), days=(DAYS,))
    (expiry,) = surface.expiries
    assert surface.settlement is Settlement.INVERSE
    assert surface.rate == pytest.approx(CARRY, abs=1e-9)
    assert expiry.carry == pytest.approx(CARRY, abs=1e-9)
    k = np.linspace(-0.15, 0.15, 7)
    assert expiry.smile.volatility(k, expiry.years) == pytest.approx(SMILE.volatility(k, expiry.years), abs=5e-4)
    assert fit.inside == 1.0
    assert expiry.spread_least == pytest.approx(0.0005, rel=0.05)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"option_type": "straddle"}, "call or put"),
        ({"instrument_name": "BTC_USDC-29JAN26-50000-C"}, "inverse"),
        ({"expiry_datetime": "2025-01-29T08:00:00+00:00"}, "after the timestamp"),
        ({"expiry_datetime": "soon"}, "line 2: expiry_datetime is 'soon'; it must be a time"),
        ({"index_price": 0.0}, "positive"),
        ({"strike": None}, "strike"),
        ({"timestamp": "2025-12-30T08:00:00.0000000001Z"}, "nine decimals at most"),
    ],
)
def test_a_malformed_deribit_snapshot_is_refused(tmp_path, changes, said):
    with pytest.raises(SourceError, match=said) as told:
        read_snapshot(deribit(tmp_path / "chain.csv", **changes))
    assert "\n" not in str(told.value)


def test_a_deribit_snapshot_without_its_columns_or_of_several_coins_is_refused(tmp_path):
    table = pl.read_csv(deribit(tmp_path / "chain.csv"))
    table.drop("futures_price").write_csv(tmp_path / "less.csv")
    with pytest.raises(SourceError, match="futures_price"):
        read_snapshot(tmp_path / "less.csv")
    pl.concat([table, table.with_columns(currency=pl.lit("ETH"))]).write_csv(tmp_path / "both.csv")
    with pytest.raises(SourceError, match="BTC, ETH"):
        read_snapshot(tmp_path / "both.csv")
    assert len(read_snapshot(tmp_path / "both.csv", underlying="eth").chain) == len(table)
    with pytest.raises(SourceError, match="no such file"):
        read_snapshot(tmp_path / "none.csv")


@pytest.mark.parametrize(
    "column", ["futures_price", "index_price", "strike", "expiry_datetime", "option_type", "timestamp"]
)
@pytest.mark.parametrize("missing", [None, "nan"])
def test_a_row_of_a_deribit_snapshot_without_a_value_is_left_out_counted_and_named(tmp_path, column, missing):
    table = pl.read_csv(deribit(tmp_path / "chain.csv"), infer_schema=False)
    third = pl.int_range(pl.len()) == 2
    table.with_columns(pl.when(third).then(pl.lit(missing)).otherwise(column).alias(column)).write_csv(
        tmp_path / "less.csv"
    )
    whole, less = read_snapshot(tmp_path / "chain.csv"), read_snapshot(tmp_path / "less.csv")
    name = table["instrument_name"][2]
    assert set(whole.chain.name) - set(less.chain.name) == {name}
    assert less.left_out == {f"rows without {column}, first {name} on line 4": 1}
    with pytest.raises(SourceError, match=f"line 4 .*{column} is empty; give it, or leave such rows out"):
        read_snapshot(tmp_path / "less.csv", on_bad_row=OnBadRow.RAISE)


def test_rows_that_no_one_can_place_end_the_reading_of_a_deribit_snapshot(tmp_path):
    table = pl.read_csv(deribit(tmp_path / "chain.csv"))
    pl.concat([table, table[5:6]]).write_csv(tmp_path / "twice.csv")
    with pytest.raises(SourceError, match="a contract has one row"):
        read_snapshot(tmp_path / "twice.csv")
    table.with_columns(currency=pl.when(pl.int_range(pl.len()) > 0).then("currency")).write_csv(tmp_path / "whose.csv")
    with pytest.raises(SourceError, match="line 2: currency is empty"):
        read_snapshot(tmp_path / "whose.csv")
    table.with_columns(futures_price=None).write_csv(tmp_path / "none.csv")
    with pytest.raises(SourceError, match=r"no row is left; every row needs .*futures_price"):
        read_snapshot(tmp_path / "none.csv")


def test_a_deribit_snapshot_is_of_its_nanosecond(tmp_path):
    path = deribit(tmp_path / "chain.csv", timestamp="2025-12-30T08:00:00.123456789Z")
    assert read_snapshot(path).instant == instant("2025-12-30T08:00:00.123456789Z", after=0)


def test_a_snapshot_file_may_be_a_tape_and_its_instant_a_text(tmp_path, generated):
    path = write_tape(generated, tmp_path / "tape.parquet")
    assert read_snapshot(path, at="2s").instant == generated.start + 2 * SECOND
    assert read_snapshot(path, rate=0.01).rate == 0.01


def test_the_deribit_chain_fits_within_its_spreads(shared_data):
    (path,) = (shared_data / "deribit_chain_20251230").glob("*.csv.gz")
    surface, fit = calibrate(read_snapshot(path, underlying="BTC"))
    assert fit.quotes > 50
    assert fit.rmse < 0.4
    assert fit.inside > 0.95
    assert all(expiry.density >= 0.0 and expiry.calendar >= 0.0 for expiry in fit.expiries)
    assert all(0.8 < expiry.spread < 1.25 for expiry in fit.expiries)
    assert 0.3 < surface.level < 0.5
    assert 0.03 < surface.rate < 0.06


@pytest.mark.slow
@pytest.mark.parametrize("minutes", [1, 105])
def test_the_goog_chain_fits_within_its_spreads(shared_data, minutes):
    sources = sorted((shared_data / "lean_goog_20151224").glob("*.zip"))
    tape, _ = ingest("lean", sources, on_bad_row=OnBadRow.DROP, rate=0.005)
    opening = int(np.datetime64("2015-12-24T14:30", "ns").astype(np.int64))
    surface, fit = calibrate(snapshot_of(tape, at=opening + 60 * minutes * SECOND))
    assert fit.quotes > 80
    assert fit.rmse < 0.8
    assert fit.inside > 0.95
    assert all(expiry.density >= 0.0 and expiry.calendar >= 0.0 for expiry in fit.expiries)
    assert 0.15 < surface.level < 0.30


def test_both_styles_of_a_chain_tell_one_smile(generated):
    """Every second strike is European: quoted without the early exercise premium, at the same volatility."""
    rate, half = 0.08, 0.01
    snapshot = snapshot_of(generated)
    chain = snapshot.chain
    expiry = np.where(chain.expiry == chain.expiry.max(), chain.expiry + 200 * DAY, chain.expiry)
    style = np.where(chain.strike % 40 == 0, EUROPEAN, AMERICAN).astype(np.int8)
    chain = dataclasses.replace(chain, style=style, expiry=expiry)
    count = len(chain)
    points = (np.full(count, 1000.0), chain.strike, chain.years_to_expiry(snapshot.instant), np.full(count, 0.3))
    points = (*points, np.full(count, rate), np.full(count, 0.02), chain.right)
    value = np.where(style == AMERICAN, american_price(*points), european_price(*points))
    mixed = dataclasses.replace(
        snapshot, chain=chain, bid=value - half, ask=value + half, spot=1000.0, rate=rate, carry=None
    )
    surface, fit = calibrate(mixed, days=(30, 290))
    assert [expiry.styles for expiry in surface.expiries] == [(EUROPEAN, AMERICAN)] * 2
    assert (fit.rmse < 0.01, fit.inside) == (True, 1.0)
    for expiry in surface.expiries:
        assert expiry.carry == pytest.approx(rate - 0.02, abs=1e-5)
        assert expiry.volatility(np.array([0.9, 1.0, 1.1])) == pytest.approx(0.3, abs=2e-4)


def test_contracts_of_several_multipliers_are_refused(generated):
    snapshot = snapshot_of(generated)
    multiplier = np.where(np.arange(len(snapshot.chain)) == 0, 10, 100)
    with pytest.raises(ArgumentError, match="several multipliers"):
        calibrate(dataclasses.replace(snapshot, chain=dataclasses.replace(snapshot.chain, multiplier=multiplier)))
