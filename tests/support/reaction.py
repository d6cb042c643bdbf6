"""Makers of the teaching market react in a lognormal time: what a desk loses that thinks for a time of its own.

A maker requotes 50 us + X after a change, X lognormal of median 100 us and sigma 1.3. A desk that prices with the
reference sees the change after 20 us of feed, thinks for L, and its order arrives after 30 us of entry: before the
maker where L < X. What a quote is worth does not depend on X, so the share that the desk loses of what it earns at
L = 0 is P(X <= L) = Phi(ln(L / 100 us) / 1.3). A cap on its position would spoil that: the fastest desk meets it most.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from findings import Finding
from scipy.stats import norm

from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.methods.registry import make_method
from tradesim.pricing import PROBLEMS
from tradesim.simulation.latency import Fixed, fixed_compute
from tradesim.simulation.run import Seat, run_one
from tradesim.simulation.session import Setting, open_session
from tradesim.simulation.strategy import Strategy, TakeRule
from tradesim.simulation.valuation import Pricing
from tradesim.simulation.wires import Wires
from tradesim.units import MICROSECOND, SECOND

DELAYS = {"delay_fixed": 50 * MICROSECOND, "delay_median": 100 * MICROSECOND, "delay_sigma": 1.3}
STRATEGY = Strategy(rule=TakeRule(cap=1_000_000))
"""No position keeps it from taking a quote."""
WIRES = Wires(feed=Fixed(20 * MICROSECOND), entry=Fixed(30 * MICROSECOND))


def loss_share(thought: int) -> float:
    """Phi(ln(L / median) / sigma), L ns of thought."""
    return float(norm.cdf(np.log(thought / DELAYS["delay_median"]) / DELAYS["delay_sigma"]))


def edges(thoughts: Sequence[int], *, seed: int, duration: int) -> np.ndarray:
    """Edge at the fill net of fees, in micros, of a desk that takes, once for each compute latency (ns)."""
    tape = generate(SyntheticMarket(duration=duration, problem="american", **DELAYS), seed=seed)
    problem = PROBLEMS["american"]
    session = open_session(tape, problem, Setting(wires=WIRES), seed=seed)
    reference = make_method("reference", problem, Path())
    reference.bind(tape.chain)
    out = []
    for thought in thoughts:
        pricing = Pricing(prices=reference, clock=reference, reference=reference)
        fills = run_one(session, Seat(strategy=STRATEGY, pricing=pricing, compute=fixed_compute(thought))).fills
        out.append(((fills["fair"] - fills["price"]) * fills["quantity"] * fills["multiplier"] - fills["fee"]).sum())
    return np.array(out, dtype=np.float64)


def reaction_losses(thoughts: Sequence[int], *, seeds: int, duration: int) -> list[Finding]:
    """The share lost over all seeds, a ratio of sums; its error is the jackknife's, leaving out one seed at a time."""
    earned = np.stack([edges((0, *thoughts), seed=seed, duration=duration) for seed in range(1, seeds + 1)])
    shares = 1.0 - earned.sum(axis=0) / earned[:, 0].sum()
    without = earned.sum(axis=0) - earned
    left_out = 1.0 - without / without[:, :1]
    errors = np.sqrt((seeds - 1) / seeds * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0))
    return [
        Finding(
            theory="makers' reaction",
            setting=f"compute {thought // MICROSECOND} us; {seeds} seeds of {duration // SECOND} s",
            quantity="share of P&L lost",
            expected=loss_share(thought),
            simulated=float(share),
            error=float(error),
            allowed=0.03,
        )
        for thought, share, error in zip(thoughts, shares[1:], errors[1:], strict=True)
    ]
