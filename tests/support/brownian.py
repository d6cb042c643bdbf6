"""A price that is a Brownian motion: what a stale quote loses to it, and how often it reaches a standing order."""

from collections.abc import Sequence

import numpy as np
from findings import Finding
from probes import START, run_probe, seat_of, session_of
from scipy.stats import norm
from tapes import quotes, spots, tape_of_columns

from tradesim.simulation.book import ASK, BID, BUY, SELL
from tradesim.simulation.orders import AT_MARKET, Kind
from tradesim.simulation.screen import NOTHING, NUMBER, STATE, WORKING
from tradesim.simulation.strategy import Custom, Strategy
from tradesim.simulation.trigger import EveryQuote
from tradesim.units import MICROS, MICROSECOND

UNIT = MICROS
"""One standard deviation of the price over a refresh, or over the life of an order: micros."""

SPOT = 100_000 * MICROS
REFRESH = 100 * MICROSECOND

DISCRETE = 0.5826
"""-zeta(1/2) / sqrt(2 pi): by so many standard deviations of a step is a barrier farther that is looked at in steps
(Broadie, Glasserman and Kou, Mathematical Finance 7(4), 1997, theorem 1.1)."""


def stale_loss(half: float) -> float:
    """2 (phi(h) - h Phi(-h)) = E[(|Z| - h)+]: what a quote loses at each refresh to those who know the price.

    In units of sigma sqrt(L), L between two refreshes and h half its spread (Copeland and Galai, Journal of Finance
    38(5), 1983: a quote is a straddle given away, here struck h away on either side).
    """
    return float(2.0 * (norm.pdf(half) - half * norm.cdf(-half)))


def take_stale(screen):
    """Hit every quote that the price has left behind."""
    value = round(screen.spot * MICROS)
    bids, asks = screen.book[1:, BID], screen.book[1:, ASK]
    rows = [[c, BUY, 1, AT_MARKET] for c in np.flatnonzero(asks < value)]
    rows += [[c, SELL, 1, AT_MARKET] for c in np.flatnonzero(bids > value)]
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


def stale_quotes(halves: Sequence[float], *, refreshes: int, seed: int) -> list[Finding]:
    """Quotes of several half-spreads, each a contract's, refreshed every ``REFRESH``; a taker looks 1 ns before.

    Increments are drawn by strata, one in each of ``refreshes`` equally likely, in random order (Glasserman 2004, Monte
    Carlo Methods in Financial Engineering, section 4.3.1): tails, which are all that a wide quote loses to, are as
    frequent as they should be. The variance is that of neighbouring strata, taken in pairs, which is no less (Cochran
    1977, Sampling Techniques, section 5A.12).
    """
    rng = np.random.default_rng(seed)
    moves = rng.permutation(norm.ppf((np.arange(refreshes) + rng.random(refreshes)) / refreshes))
    value = SPOT + np.rint(np.cumsum(np.append(0.0, moves)) * UNIT).astype(np.int64)
    at = np.arange(refreshes + 1) * REFRESH
    widths = [round(half * UNIT) for half in halves]
    tape = tape_of_columns(
        *(quotes(at, value - w, value + w, instrument=1 + i, size=1) for i, w in enumerate(widths)),
        spots(at[1:] - 1, value[1:]),
        contracts=len(halves),
    )
    strategy = Strategy(rule=Custom(function=take_stale), trigger=EveryQuote())
    (result,) = run_probe(session_of(tape), seat_of(strategy))
    fills = result.fills
    refresh = (fills["venue"].to_numpy() - START) // REFRESH
    gains = fills["quantity"].to_numpy() * (value[refresh + 1] - fills["price"].to_numpy()) / UNIT
    order, findings = np.argsort(moves), []
    for contract, half in enumerate(halves):
        losses = np.zeros(refreshes)
        mine = fills["contract"].to_numpy() == contract
        np.add.at(losses, refresh[mine], gains[mine])
        by_stratum = losses[order]
        pairs = by_stratum[0 : refreshes - 1 : 2] - by_stratum[1::2]
        findings.append(
            Finding(
                theory="Copeland and Galai 1983",
                setting=f"half-spread {half:g} sigma sqrt(L); {refreshes:,} refreshes by strata, seed {seed}",
                quantity="loss of a refresh / sigma sqrt(L)",
                expected=stale_loss(half),
                simulated=float(losses.mean()),
                error=float(np.sqrt((pairs**2).sum()) / refreshes),
                allowed=0.01 * stale_loss(half),
            )
        )
    return findings


def passage_chance(distance: float, *, steps: int | None = None) -> float:
    """2 Phi(-d): by the reflection principle, ``distance`` in units of sigma sqrt(T); seen in ``steps``, corrected."""
    shift = 0.0 if steps is None else DISCRETE / np.sqrt(steps)
    return float(2.0 * norm.cdf(-(distance + shift)))


class Bid:
    """Stands ``below`` micros under the ask from the beginning of each round until its end."""

    def __init__(self, below: int, period: int) -> None:
        self.below, self.period = below, period

    def __call__(self, screen):
        order, begins = screen.working[0, 0], (screen.now - START) % self.period == 0
        if begins and order[STATE] == NOTHING:
            return np.array([[0, BUY, 1, screen.book[1, ASK] - self.below, Kind.LIMIT, -1]])
        if not begins and order[STATE] == WORKING:
            return np.array([[0, BUY, 0, 0, Kind.CANCEL, order[NUMBER]]])
        return np.empty((0, 6), dtype=np.int64)


def passages(distances: Sequence[float], *, steps: int, rounds: int, seed: int) -> list[Finding]:
    """One desk for each distance under the same price, which moves ``steps`` times in the life of their orders."""
    moves = np.random.default_rng(seed).normal(0.0, UNIT / np.sqrt(steps), (rounds, steps + 1))
    moves[:, 0] = 0.0
    ask = SPOT + np.rint(np.cumsum(moves)).astype(np.int64)
    period = (steps + 1) * MICROSECOND
    begin = np.arange(rounds) * period
    tape = tape_of_columns(
        quotes(np.arange(len(ask)) * MICROSECOND, 0, ask),
        spots(begin, np.full(rounds, SPOT)),
        spots(begin + period - 1, np.full(rounds, SPOT)),
    )
    seats = [
        seat_of(Strategy(rule=Custom(function=Bid(round(distance * UNIT), period)), trigger=EveryQuote()))
        for distance in distances
    ]
    findings = []
    for distance, result in zip(distances, run_probe(session_of(tape), *seats), strict=True):
        assert (result.orders["kind"] == "limit").sum() == rounds, "every round has its order"
        chance = passage_chance(distance, steps=steps)
        error = float(np.sqrt(chance * (1.0 - chance) / rounds))
        findings.append(
            Finding(
                theory="reflection principle",
                setting=f"distance {distance:g} sigma sqrt(T), {steps} steps; {rounds:,} orders, seed {seed}",
                quantity=f"share filled ({passage_chance(distance):.4f} of a continuous path)",
                expected=chance,
                simulated=len(result.fills) / rounds,
                error=error,
                allowed=3.0 * error,
            )
        )
    return findings
