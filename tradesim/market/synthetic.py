"""A generated market: jumps and clustered arrivals, American options, and makers who are slower than some takers.

Stale quotes are not planted: they stand because every maker needs its reaction delay after a move. What an option is
truly worth is known at every instant (:class:`~tradesim.market.tape.Latent`), so the edge of a fill is exact.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.market.chain import Chain
from tradesim.market.hawkes import hawkes_arrivals
from tradesim.market.latent import latent_state, level_path, level_steps
from tradesim.market.makers import (
    ROW_COLUMNS,
    book_rows,
    noise_trades,
    queued,
    quotes_around,
    reaction_delays,
    theoretical_values,
)
from tradesim.market.parameters import LARGEST_UNDERLYING_SIZE, TICK, UNDERLYING_NAME, SyntheticMarket
from tradesim.market.rival import rival_orders
from tradesim.market.tape import QUOTE, UNDERLYING, Latent, Tape
from tradesim.market.transients import displaced
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Floats
from tradesim.units import MICROS, SECOND, micros

__all__ = ["TICK", "SyntheticMarket", "generate"]

Integers = NDArray[np.int64]

STYLES: Final = ("american", "european")
"""Problems that a contract's style says."""

STREAMS: Final = ("arrivals", "marks", "sizes", "levels", "delays", "noise", "transients", "rival")
"""Sources of randomness; a new one goes to the end, where it moves no draw of those before."""


def generate(market: SyntheticMarket, *, seed: int) -> Tape:
    """The tape of ``market`` under ``seed``: the same for the same two, with its latent truth.

    Both the recorder and the makers sit at the venue: ``received`` equals ``ts``, and a maker sees the underlying
    without delay. Makers know the true volatility and the efficient price, and price the option at the time to expiry
    of the last step of the level. Every instrument has a quote at ``market.start``, the underlying's first. Each source
    of randomness has a stream of its own, so that a change of one parameter leaves the draws of the others alone.

    Raises :class:`~tradesim.errors.ArgumentError` for a negative seed, or where the price path reaches zero.
    """
    streams = _streams(seed)
    chain = market.chain()
    ts = _arrivals(market, streams["arrivals"])
    mid = _mid_ticks(market, len(ts), streams["marks"])
    latent = latent_state(
        ts,
        mid * micros(market.tick) / MICROS,
        level_path(market, market.level, market.duration, streams["levels"]),
        interval=market.level_interval,
        smile=market.smile(),
        leverage=market.leverage,
    )
    values = _values(market, chain, latent)
    rows = np.concatenate(
        [
            _underlying_rows(market, ts, mid, streams["sizes"], streams["transients"]),
            book_rows(
                _requotes(market, latent.ts, values, streams["delays"]),
                noise_trades(market, len(chain), market.start, market.duration, streams["noise"]),
                rival_orders(market, latent.ts, values, streams["rival"]),
                size=market.maker_size,
                refill=market.refill_delay,
            ),
        ]
    )
    return _tape(market, chain, latent, rows, source=f"synthetic, seed {seed}")


def noise_instants(market: SyntheticMarket, *, seed: int) -> Integers:
    """When noise traders come to the market that :func:`generate` makes of the same two, ns, ascending."""
    contracts = len(market.chain())
    return noise_trades(market, contracts, market.start, market.duration, _streams(seed)["noise"])[:, 0]


def _streams(seed: int) -> dict[str, np.random.Generator]:
    """A source of randomness for each of ``STREAMS``."""
    if seed < 0:
        raise ArgumentError(f"seed is {seed}: it must not be negative")
    children = np.random.SeedSequence(seed).spawn(len(STREAMS))
    return {name: np.random.default_rng(child) for name, child in zip(STREAMS, children, strict=True)}


def _arrivals(market: SyntheticMarket, rng: np.random.Generator) -> Integers:
    """Instants of the underlying's quotes, ns, strictly increasing from the start of the tape on."""
    seconds = hawkes_arrivals(
        base=market.base,
        branching=market.branching,
        decay=market.decay,
        duration=market.duration / SECOND,
        rng=rng,
    )
    return queued(market.start + np.concatenate([[0], (seconds * SECOND).astype(np.int64)]))


def _mid_ticks(market: SyntheticMarket, count: int, rng: np.random.Generator) -> Integers:
    """The underlying's mid after each of its quotes, in ticks; the first is the opening."""
    kind = rng.random(count)
    sign = np.where(rng.random(count) < 0.5, -1, 1)
    jump = np.maximum(np.rint(rng.exponential(market.jump_mean * MICROS / micros(market.tick), count)), 1)
    moved = np.where(kind < market.tick_probability, 1, np.where(kind >= 1.0 - market.jump_probability, jump, 0))
    ticks = moved.astype(np.int64)
    ticks[0] = 0
    mid = round(market.spot * MICROS / micros(market.tick)) + np.cumsum(sign * ticks)
    if mid.min() < 2:
        raise ArgumentError(
            f"jump_mean is {market.jump_mean!r} and spot {market.spot!r}: the path must stay above one tick; "
            "lower the moves or the duration"
        )
    return mid


def _underlying_rows(
    market: SyntheticMarket, ts: Integers, mid: Integers, sizes: np.random.Generator, transients: np.random.Generator
) -> Integers:
    """The underlying's quotes, one tick to each side of the mid that is quoted."""
    arrived = sizes.integers(1, LARGEST_UNDERLYING_SIZE, (len(ts), 2), endpoint=True)
    instants, quoted, standing = displaced(market, ts, mid, transients)
    if quoted.min() < 2:
        raise ArgumentError(
            f"transient_mean is {market.transient_mean!r} and spot {market.spot!r}: the quoted price must stay above "
            "one tick; lower the transient moves"
        )
    rows = np.zeros((len(instants), len(ROW_COLUMNS)), dtype=np.int64)
    rows[:, 0], rows[:, 1], rows[:, 2] = instants, UNDERLYING, QUOTE
    rows[:, 3], rows[:, 4] = quoted - 1, quoted + 1
    rows[:, 5:7] = arrived[standing]
    return rows


def _values(market: SyntheticMarket, chain: Chain, latent: Latent) -> Floats:
    """What each contract is worth in each latent state: float64[m, n], currency."""
    steps = np.flatnonzero((latent.ts - market.start) % market.level_interval == 0)
    return theoretical_values(
        latent,
        chain,
        level_steps(latent) if market.leverage else steps,
        rate=market.rate,
        dividend=market.dividend,
        problem=PROBLEMS[market.problem],
    )


def _requotes(market: SyntheticMarket, ts: Integers, values: Floats, rng: np.random.Generator) -> Integers:
    """What every maker wants to quote after each change of its contract's value: ts, contract, bid, ask in ticks."""
    bid, ask = quotes_around(
        values, tick=market.option_tick, least=market.half_spread_least, share=market.half_spread_share
    )
    delays = reaction_delays(
        values.shape, fixed=market.delay_fixed, median=market.delay_median, sigma=market.delay_sigma, rng=rng
    )
    delays[0] = 0
    instants = queued(ts[:, None] + delays)
    contracts = np.broadcast_to(np.arange(values.shape[1]), values.shape)
    return np.stack([instants, contracts, bid, ask], axis=-1).reshape(-1, 4)


def _tape(market: SyntheticMarket, chain: Chain, latent: Latent, rows: Integers, *, source: str) -> Tape:
    """The tape of the rows before the end, in order of instant and instrument."""
    rows = rows[rows[:, 0] < market.start + market.duration]
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    ts, instrument, kind, bid, ask, bid_size, ask_size, price, size = np.ascontiguousarray(rows.T)
    tick = np.where(instrument == UNDERLYING, micros(market.tick), micros(market.option_tick))
    return Tape(
        chain=chain,
        underlying=UNDERLYING_NAME,
        currency=market.currency,
        ts=ts,
        received=ts.copy(),
        instrument=instrument.astype(np.int32),
        kind=kind.astype(np.int8),
        bid=bid * tick,
        ask=ask * tick,
        bid_size=bid_size,
        ask_size=ask_size,
        price=price * tick,
        size=size,
        source=source,
        rate=market.rate,
        dividend=market.dividend,
        problem="" if market.problem in STYLES else market.problem,
        latent=latent,
    )
