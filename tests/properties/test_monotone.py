"""With reference prices, independent quotes and no cap, a desk that thinks longer earns less at the fill."""

import numpy as np
import pytest

import tradesim
from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.methods.reference import Reference
from tradesim.pricing import PROBLEMS
from tradesim.simulation.latency import fixed_compute
from tradesim.simulation.run import Seat, run_one
from tradesim.simulation.session import Setting, open_session
from tradesim.simulation.strategy import Policy, Strategy, TakeRule
from tradesim.simulation.valuation import Pricing
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


LISTED = """
    SELECT e.seed, e.method, e.latency_effect,
           (SELECT CAST(coalesce(sum(change), 0) AS BIGINT) FROM latency_fills l
            WHERE (l.comparison, l.seed, l.method) = (e.comparison, e.seed, e.method)) AS listed
    FROM effects e
"""


def test_what_latency_cost_is_listed_fill_by_fill(small_comparison):
    rows = small_comparison.store.query(LISTED)
    assert len(rows) == 8
    assert (rows["latency_effect"] == rows["listed"]).all()


@pytest.mark.slow
def test_what_the_slower_desk_lost_is_its_missed_and_worsened_fills(home):
    """Reference prices, quotes that nobody else takes, no cap, every tick answered: a paired test over seeds."""
    comparison = tradesim.compare(
        market=SyntheticMarket(duration=60 * SECOND),
        methods=("analytic-slice",),
        latency="fixed:200us",
        strategy=Strategy(rule=TakeRule(cap=10**9), policy=Policy.QUEUE),
        seeds=range(1, 11),
        curve=(),
        db=home / "slower.duckdb",
        jobs=1,
    )
    effect = comparison.store.query("SELECT mean, t_value FROM effects_money WHERE effect = 'latency_effect'").row(0)
    assert effect[0] < 0.0
    assert effect[1] < -3.0
    listed = comparison.store.query("SELECT what, sum(change) AS money FROM latency_fills GROUP BY what")
    money = dict(listed.iter_rows())
    assert money["missed"] < 0
    assert money.get("worsened", 0) <= 0
    lost = comparison.store.query("SELECT sum(latency_effect) FROM effects").item()
    assert sum(money.values()) == lost
    assert money["missed"] + money.get("worsened", 0) < 0.9 * float(lost)
