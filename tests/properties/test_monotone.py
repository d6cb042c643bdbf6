"""With reference prices, independent quotes and no cap, a desk that thinks longer earns less at the fill."""

import numpy as np
import pytest

from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.methods.reference import Reference
from tradesim.pricing import PROBLEMS
from tradesim.simulation.desk import Pricing
from tradesim.simulation.latency import fixed_compute
from tradesim.simulation.run import Seat, run_one
from tradesim.simulation.session import Setting, open_session
from tradesim.simulation.strategy import Strategy, TakeRule
from tradesim.units import SECOND

LATENCIES = (0, 40_000, 100_000, 400_000, 1_000_000)


def pnl_by_latency(seed: int) -> list[int]:
    session = open_session(
        generate(SyntheticMarket(duration=60 * SECOND), seed=seed), PROBLEMS["american"], Setting(), seed=seed
    )
    reference = Reference(PROBLEMS["american"])
    reference.bind(session.tape.chain)
    pricing = Pricing(prices=reference, clock=reference, reference=reference)
    strategy = Strategy(rule=TakeRule(cap=10**9))
    found = []
    for ns in LATENCIES:
        fills = run_one(session, Seat(strategy=strategy, pricing=pricing, compute=fixed_compute(ns))).fills
        edge = (fills["fair"] - fills["price"]) * fills["quantity"] * fills["multiplier"]
        found.append(int(edge.sum() - fills["fee"].sum()))
    return found


@pytest.mark.slow
def test_at_fill_pnl_falls_as_compute_latency_grows():
    pnl = np.array([pnl_by_latency(seed) for seed in range(1, 13)], dtype=np.float64)
    lost = pnl[:, :-1] - pnl[:, 1:]
    t = lost.mean(axis=0) / (lost.std(axis=0, ddof=1) / np.sqrt(len(lost)))
    assert (lost.mean(axis=0) > 0).all()
    assert (t > 2.5).all(), t
