"""A seller who pegs a limit order through a latency: Moallemi and Saglam (Operations Research 61(5), 2013).

One round of the model. The bid is S, a Brownian motion of volatility sigma; a buyer pays up to S + delta. A seller sees
S_0 and sends a limit order, which stands a latency L later, when the buyer comes. With eps = sigma sqrt(L) / delta and
Z = (S_L - S_0) / (sigma sqrt(L)), a limit of S_0 + delta - x sigma sqrt(L) sells where S_L + delta is no less than it,
which is Z >= -x; else the share is sold at the bid S_L. Beyond S_L, in units of delta, that brings

    E[(1 - eps x - eps Z) 1{Z >= -x}] = (1 - eps x) Phi(x) - eps phi(x),

whose derivative is phi(x) - eps Phi(x): zero at the best limit. Without latency the seller gets delta, so the cost of
latency in units of delta is one less this. A price is a martingale, so what it does after the buyer has come changes no
mean; here it stands still until the share is sold.
"""

import numpy as np
from findings import Finding
from probes import START, run_probe, seat_of, session_of
from scipy.optimize import brentq
from scipy.stats import norm
from tapes import quotes, spots, tape_of_columns, trades

from tradesim.simulation.book import BID, SELL
from tradesim.simulation.orders import AT_MARKET, Kind
from tradesim.simulation.screen import NOTHING, NUMBER, STATE, WORKING
from tradesim.simulation.strategy import Custom, Strategy
from tradesim.simulation.trigger import EveryQuote
from tradesim.units import MICROS, MICROSECOND

LATENCY = 400 * MICROSECOND
ROUND = 4 * LATENCY
STEPS = 8
DELTA = MICROS
ASK = 1
"""Of a working order's sides."""


def best_offset(eps: float) -> float:
    """How far below S_0 + delta the best limit is, in units of sigma sqrt(L)."""
    return float(brentq(lambda x: norm.pdf(x) - eps * norm.cdf(x), -1.0, 6.0))


def expected_cost(eps: float) -> float:
    """The cost of latency in units of delta."""
    x = best_offset(eps)
    return float(1.0 - ((1.0 - eps * x) * norm.cdf(x) - eps * norm.pdf(x)))


class Peg:
    """Offers one share at the best limit as each round begins; sells it at the bid where nobody bought it."""

    def __init__(self, eps: float) -> None:
        self.above = round(DELTA * (1.0 - eps * best_offset(eps)))

    def __call__(self, screen):
        bid, order = int(screen.book[1, BID]), screen.working[0, ASK]
        begins = (screen.now - START) % ROUND == 0
        if begins and order[STATE] == NOTHING:
            return np.array([[0, SELL, 1, bid + self.above, Kind.LIMIT, -1]])
        if not begins and order[STATE] == WORKING:
            cancel = [0, SELL, 0, 0, Kind.CANCEL, order[NUMBER]]
            return np.array([cancel, [0, SELL, 1, AT_MARKET, Kind.IOC, -1]])
        return np.empty((0, 6), dtype=np.int64)


def cost_of_latency(eps: float, *, rounds: int, seed: int) -> Finding:
    """One seller over ``rounds``: a round's buyer comes a latency after it began, and 1 ns."""
    moves = np.random.default_rng(seed).normal(0.0, eps * DELTA / np.sqrt(STEPS), (rounds, STEPS))
    bid = 10_000 * MICROS + np.rint(np.cumsum(moves)).astype(np.int64)
    begin = np.arange(rounds) * ROUND
    stepped = (begin[:, None] + np.arange(1, STEPS + 1) * (LATENCY // STEPS)).ravel()
    met = bid[STEPS - 1 :: STEPS]
    opening = quotes([0], [10_000 * MICROS], [10_000 * MICROS + DELTA])
    tape = tape_of_columns(
        opening,
        quotes(stepped, bid, bid + DELTA),
        trades(begin + LATENCY + 1, met + DELTA, 1),
        spots(begin, 10_000 * MICROS),
        spots(begin + 2 * LATENCY, 10_000 * MICROS),
    )
    strategy = Strategy(rule=Custom(function=Peg(eps)), trigger=EveryQuote())
    (result,) = run_probe(session_of(tape, entry=LATENCY), seat_of(strategy))
    fills = result.fills.sort("venue")
    assert np.array_equal((fills["venue"].to_numpy() - START) // ROUND, np.arange(rounds)), "a round sells one share"
    costs = 1.0 - (fills["price"].to_numpy() - met) / DELTA
    error = float(costs.std(ddof=1) / np.sqrt(rounds))
    return Finding(
        theory="Moallemi and Saglam 2013",
        setting=f"eps {eps:g}; {rounds:,} rounds, seed {seed}",
        quantity="cost of latency / delta",
        expected=expected_cost(eps),
        simulated=float(costs.mean()),
        error=error,
        allowed=min(2.0 * error, 0.004),
    )
