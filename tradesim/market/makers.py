"""The composite market maker: how fast it reacts, what it quotes, and what takers do to its quote.

One maker stands for all the market makers of a contract. Prices are counted in ticks here.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.market.chain import EUROPEAN, Chain, listed_terms
from tradesim.market.parameters import QuotedMarket
from tradesim.market.tape import QUOTE, TRADE, Latent
from tradesim.pricing.american import boundary_row, slice_value
from tradesim.pricing.collocation import HIGH, Tables, tables_of
from tradesim.pricing.european import european_value
from tradesim.pricing.problem import Floats, Problem, Rights
from tradesim.units import SECOND, YEAR

Integers = NDArray[np.int64]

TERMS: Final = 5
"""What a contract's row is computed from: strike, years to expiry, volatility, rate, dividend."""

REQUOTE: Final = 0
NOISE: Final = 1
REFILL: Final = 2
RIVAL: Final = 3
REFILL_AFTER_RIVAL: Final = 4

NOBODY: Final = np.empty((0, 4), dtype=np.int64)
"""No events of a kind."""

ROW_COLUMNS: Final = ("ts", "instrument", "kind", "bid", "ask", "bid_size", "ask_size", "price", "size")
"""The columns of a matrix of rows, int64[rows, 9]; prices in ticks."""


def queued(instants: Integers) -> Integers:
    """The earliest strictly increasing instants that are not before ``instants``, along the first axis.

    >>> queued(np.array([5, 3, 9, 9])).tolist()
    [5, 6, 9, 10]
    """
    order = np.arange(len(instants)).reshape(-1, *[1] * (instants.ndim - 1))
    return np.maximum.accumulate(instants - order, axis=0) + order


def reaction_delays(
    shape: tuple[int, int], *, fixed: int, median: int, sigma: float, rng: np.random.Generator
) -> Integers:
    """Delays, in ns: ``fixed`` plus a lognormal of that ``median`` (ns) and that ``sigma`` of its logarithm."""
    return fixed + (median * np.exp(sigma * rng.standard_normal(shape))).astype(np.int64)


def theoretical_values(
    latent: Latent, chain: Chain, steps: Integers, *, rate: float, dividend: float | Floats, problem: Problem
) -> Floats:
    """The value of each of ``n`` contracts in each of ``m`` latent states: float64[m, n], in currency.

    ``steps`` int64[s]: the rows of ``latent`` at which the level steps, the first row among them. Volatility and time
    to expiry are those of the last step, the spot is the state's own. The scheme is the reference's. ``dividend`` is
    one yield, or one a contract.
    """
    if problem.listed is not None:
        return _by_reference(latent, chain, steps, rate=rate, dividend=dividend, problem=problem)
    terms = np.empty((len(steps), len(chain), TERMS))
    terms[..., 0] = chain.strike
    terms[..., 1] = (chain.expiry - latent.ts[steps, None]) / YEAR
    terms[..., 2] = latent.level[steps, None] * latent.smile
    terms[..., 3] = rate
    terms[..., 4] = dividend
    out = np.empty((len(latent.ts), len(chain)))
    row = np.empty(HIGH.row_width)
    bounds = np.append(steps, len(out))
    _value_states(latent.spot, bounds, terms, chain.right, chain.style, tables_of(HIGH), row, out)
    return out


def _by_reference(
    latent: Latent, chain: Chain, steps: Integers, *, rate: float, dividend: float | Floats, problem: Problem
) -> Floats:
    """Values of contracts that the reference alone can price, all states in one call."""
    step = steps[np.searchsorted(steps, np.arange(len(latent.ts)), side="right") - 1]
    shape = (len(step), len(chain))
    columns = (
        latent.spot[:, None],
        chain.strike,
        (chain.expiry - latent.ts[step, None]) / YEAR,
        latent.level[step, None] * latent.smile,
        rate,
        dividend,
        chain.right,
        *listed_terms(chain, problem, int(latent.ts[0])).T,
    )
    inputs = np.stack([np.broadcast_to(column, shape).ravel() for column in columns], axis=1)
    return problem.reference(inputs).reshape(shape)


@njit(cache=True, error_model="numpy")
def _value_states(
    spot: Floats,
    bounds: Integers,
    terms: Floats,
    right: Rights,
    style: Rights,
    tables: Tables,
    row: Floats,
    out: Floats,
) -> None:
    """Value every contract in the states of each step, which are ``bounds[step]`` to ``bounds[step + 1]``."""
    for step in range(len(terms)):
        for i in range(len(right)):
            slow = terms[step, i]
            strike, expiry, volatility, rate, dividend = slow[0], slow[1], slow[2], slow[3], slow[4]
            if style[i] == EUROPEAN:
                for state in range(bounds[step], bounds[step + 1]):
                    out[state, i] = european_value(spot[state], strike, expiry, volatility, rate, dividend, right[i])
                continue
            boundary_row(strike, expiry, volatility, rate, dividend, right[i], tables, row)
            for state in range(bounds[step], bounds[step + 1]):
                out[state, i] = slice_value(spot[state], row)


def quotes_around(
    value: Floats, *, tick: float, least: float | Floats, share: float | Floats
) -> tuple[Integers, Integers]:
    """Bid and ask, in ticks, around each theoretical ``value`` (currency).

    The half-spread is the larger of ``least`` (currency) and ``share`` of the value, each one number or one a contract;
    the bid is then floored to the tick, the ask ceiled and at least one tick above the bid. A bid below one tick comes
    out as 0: a missing side.
    """
    half_spread = np.maximum(least, share * value)
    bid = np.maximum(np.floor((value - half_spread) / tick), 0.0).astype(np.int64)
    ask = np.ceil((value + half_spread) / tick).astype(np.int64)
    return bid, np.maximum(ask, bid + 1)


def noise_trades(market: QuotedMarket, contracts: int, start: int, duration: int, rng: np.random.Generator) -> Integers:
    """Noise trades over ``duration`` ns after ``start``, int64[k, 4]: ts, contract, side, lots wanted."""
    count = rng.poisson(market.noise_rate * duration / SECOND)
    return np.stack(
        [
            np.sort(start + 1 + rng.integers(0, duration, count)),
            rng.integers(0, contracts, count),
            np.where(rng.random(count) < 0.5, -1, 1),
            rng.integers(1, market.noise_size, count, endpoint=True),
        ],
        axis=-1,
    )


def book_rows(requotes: Integers, noise: Integers, rivals: Integers = NOBODY, *, size: int, refill: int) -> Integers:
    """Every row that the contracts' books write, contract by contract, each in order of time.

    ``requotes`` int64[m, 4]: ts, contract, bid, ask that the maker wants; the first event of every contract
    ``noise``    int64[k, 4]: ts, contract, side (+1 buys, -1 sells), lots that a noise trader wants
    ``rivals``   int64[j, 4]: ts, contract, the highest price at which a rival buys, the lowest at which it sells
    ``size``     lots of a full quote; ``refill`` ns after a trade, the quote is full again

    A trade prints at the standing quote, takes no more than stands there, and leaves the smaller quote behind it in a
    row of the same instant; a rival takes all of a side. A requote restores the full size too; one of the same instant
    comes before a trade. A row is written only when it changes something.
    """
    later = np.array([refill, 0, 0, 0])
    kinds = {
        REQUOTE: requotes,
        NOISE: noise,
        REFILL: noise + later,
        RIVAL: rivals,
        REFILL_AFTER_RIVAL: rivals + later,
    }
    events = np.concatenate(list(kinds.values()))
    counts = [len(kind) for kind in kinds.values()]
    what, number = np.repeat(list(kinds), counts), np.concatenate([np.arange(count) for count in counts])
    order = np.lexsort((what, events[:, 0], events[:, 1]))
    rows = np.zeros((len(events) + len(noise) + len(rivals), len(ROW_COLUMNS)), dtype=np.int64)
    took = np.zeros(len(rivals), dtype=np.bool_)
    return rows[: _play(events[order], what[order], number[order], size, took, rows)]


@njit(cache=True, error_model="numpy")
def _play(
    events: Integers, what: Integers, number: Integers, size: int, took: NDArray[np.bool_], rows: Integers
) -> int:
    """Write the rows of the sorted ``events`` into ``rows``, and which rivals ``took``; return how many rows."""
    count = 0
    contract = -1
    wanted = np.zeros(4, np.int64)
    standing = np.zeros(4, np.int64)
    for event in range(len(events)):
        ts = events[event, 0]
        if events[event, 1] != contract:
            contract = events[event, 1]
            standing[:] = 0
        if what[event] == NOISE:
            count = _trade(ts, contract, events[event, 2], events[event, 3], standing, count, rows)
            continue
        if what[event] == RIVAL:
            side = _rivals_side(events[event, 2], events[event, 3], standing)
            took[number[event]] = side != 0
            if side != 0:
                count = _trade(ts, contract, side, size, standing, count, rows)
            continue
        if what[event] == REFILL_AFTER_RIVAL and not took[number[event]]:
            continue
        if what[event] == REQUOTE:
            bid, ask = events[event, 2], events[event, 3]
            wanted[0], wanted[1], wanted[2], wanted[3] = bid, ask, size if bid > 0 else 0, size
        if (standing != wanted).any():
            standing[:] = wanted
            count = _write_quote(ts, contract, standing, count, rows)
    return count


@njit(cache=True, error_model="numpy")
def _rivals_side(buys_to: int, sells_from: int, standing: Integers) -> int:
    """+1 where the ``standing`` ask is no dearer than a rival buys at, -1 where the bid is as high as it sells at."""
    if standing[3] > 0 and standing[1] <= buys_to:
        return 1
    return -1 if standing[2] > 0 and standing[0] >= sells_from else 0


@njit(cache=True, error_model="numpy")
def _trade(ts: int, contract: int, side: int, lots: int, standing: Integers, count: int, rows: Integers) -> int:
    """Trade with the ``standing`` quote: a trade row, then the quote that is left; nothing where a side is missing."""
    place = 1 if side > 0 else 0
    taken = min(lots, standing[2 + place])
    if taken == 0:
        return count
    rows[count, 0], rows[count, 1], rows[count, 2] = ts, contract + 1, TRADE
    rows[count, 7], rows[count, 8] = standing[place], taken
    standing[2 + place] -= taken
    if standing[2 + place] == 0:
        standing[place] = 0
    return _write_quote(ts, contract, standing, count + 1, rows)


@njit(cache=True, error_model="numpy")
def _write_quote(ts: int, contract: int, standing: Integers, count: int, rows: Integers) -> int:
    """Write the ``standing`` quote as a row; return the new number of rows."""
    rows[count, 0], rows[count, 1], rows[count, 2] = ts, contract + 1, QUOTE
    rows[count, 3:7] = standing
    return count + 1
