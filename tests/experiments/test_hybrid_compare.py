"""A comparison on a hybrid market: real ticks, a calibrated chain, and money that is attributed to the last unit."""

from pathlib import Path

import numpy as np
import pytest

import tradesim
from tradesim.market.ingest import ingest
from tradesim.market.row_filter import OnBadRow
from tradesim.units import SECOND, instant

OPENING = instant("2013-10-07T13:30:00Z", after=0)


@pytest.fixture(scope="module")
def ibm(shared_data, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("ticks") / "ibm.parquet"
    sources = sorted((shared_data / "lean_ibm_20131007").glob("*.zip"))
    ingest("lean-tick", sources, on_bad_row=OnBadRow.DROP, output=path)
    return path


def market(shared_data, *, spread, seconds) -> tradesim.HybridMarket:
    """The Deribit chain on IBM's spot: European, priced in coins of one share."""
    (chain,) = (shared_data / "deribit_chain_20251230").glob("*.csv.gz")
    surface, _ = tradesim.calibrate(tradesim.read_snapshot(chain, underlying="BTC"), days=(10, 30))
    return tradesim.HybridMarket(surface=surface, start=OPENING, duration=seconds * SECOND, spread=spread)


@pytest.mark.slow
def test_effects_on_real_ticks_sum_to_the_last_unit(shared_data, ibm, tmp_path, home):
    chosen = market(shared_data, spread=0.1, seconds=240)
    tapes = [tradesim.hybrid(tradesim.read_tape(ibm), chosen, seed=seed) for seed in (1, 2)]
    paths = [tradesim.write_tape(tape, tmp_path / f"{tape.hash}.parquet") for tape in tapes]
    made = tradesim.compare(
        tape=paths,
        methods=("nothing", "analytic", "analytic-slice"),
        latency="fixed:100us",
        edge=0.00005,
        fee=0.0,
        curve=(0, 10_000_000),
        db=tmp_path / "hybrid.duckdb",
        jobs=1,
    )
    assert made.facts["fair"] == "latent"
    assert "hybrid of LEAN ticks of IBM" in made.facts["tape"]
    rows = made.store.query("SELECT * FROM effects").to_dicts()
    assert len(rows) == 6
    for row in rows:
        effects = ("slow_inputs", "pricing_effect", "latency_effect", "interaction")
        assert sum(row[effect] for effect in effects) == row["pnl_error"]
    told = {row["method"]: row for row in made.table.iter_rows(named=True)}
    assert told["nothing"]["fills"] == 0
    assert told["analytic"]["fills"] > 0
    assert told["analytic"]["error_rms"] < 1e-9
    assert all(row["identified"] for row in told.values())
    instant_pnl, slow_pnl = made.curve.sort("compute_ns")["pnl"]
    assert instant_pnl > max(slow_pnl, 0.0)
    hashes = made.store.query("SELECT DISTINCT seed, tape_hash FROM runs ORDER BY seed").rows()
    assert sorted(told_hash for _, told_hash in hashes) == sorted(tape.hash for tape in tapes)


@pytest.mark.slow
def test_a_day_of_ticks_is_made_of_real_rows_and_few_requotes(shared_data, ibm):
    """Six and a half hours: quotes are bounded by what changes, not by ticks times contracts."""
    real = tradesim.read_tape(ibm)
    tape = tradesim.hybrid(real, market(shared_data, spread=1.0, seconds=23_400), seed=1)
    of_underlying = tape.instrument == 0
    part = (real.ts >= tape.start) & (real.ts < OPENING + 23_400 * SECOND)
    for name in ("ts", "received", "kind", "bid", "ask", "bid_size", "ask_size", "price", "size", "side", "order"):
        assert np.array_equal(getattr(tape, name)[of_underlying], getattr(real, name)[part])
    states, contracts = len(tape.latent.ts), len(tape.chain)
    assert states > 30_000
    assert np.count_nonzero(~of_underlying) < 0.7 * states * contracts
