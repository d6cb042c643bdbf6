"""A hybrid tape: the real ticks of an underlying under a modelled chain that simulated makers quote.

Arrivals and moves are real, and yet what an option is worth is known at every instant: its theoretical value at the
real mid. The rows of the underlying are those of its tape, bit for bit. What is not real is what the options' quotes
tell of the future: makers know the true volatility, which moves as :class:`~tradesim.market.parameters.QuotedMarket`
says, whatever the underlying does; and nobody who trades options moves the underlying.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.market.chain import AMERICAN, Chain, Settlement
from tradesim.market.latent import latent_state, level_path, level_steps
from tradesim.market.makers import book_rows, noise_trades, queued, quotes_around, reaction_delays, theoretical_values
from tradesim.market.parameters import QuotedMarket
from tradesim.market.row_filter import utc
from tradesim.market.surface import PerContract, Surface
from tradesim.market.tape import ROW_COLUMNS, UNDERLYING, Latent, Tape, between, mids, rows_of
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Floats
from tradesim.units import MICROS, SECOND, YEAR

Integers = NDArray[np.int64]

VALUES_AT_ONCE: Final = 2**21
"""Theoretical values held at one time: contracts are quoted in blocks, however long the tape."""


@dataclass(frozen=True, kw_only=True)
class HybridMarket(QuotedMarket):
    """The parameters of a hybrid tape: a calibrated ``surface``, its makers, and which part of the real tape.

    ``start``     ns since the epoch: the tape begins with the first instant from here on at which the underlying has
    two sides
    ``duration``  ns, from ``start`` or the beginning of the real tape, whichever is later
    ``spread``    the half-spreads are so many times the calibrated ones, before the tick rounds them outwards

    The level of volatility begins at the surface's and has it as its mean; each contract keeps its place on the smile.
    Makers are as in :class:`~tradesim.market.parameters.QuotedMarket`, but that one requotes only when the quote that
    it wants is another: on a real tape the spot moves far more often than an option's price by a tick. Sizes are lots
    of the real tape, which may be fractions of a contract.
    """

    surface: Surface
    start: int = 0
    duration: int = YEAR
    spread: float = 1.0

    def __post_init__(self) -> None:
        """Hold every parameter to its rule."""
        super().__post_init__()
        if not (math.isfinite(self.spread) and self.spread >= 0.0):
            raise ArgumentError(f"spread is {self.spread!r}: it must be finite and not negative; 1 is as calibrated")


def hybrid(underlying: Tape, market: HybridMarket, *, seed: int) -> Tape:
    """The tape of ``market`` over the ticks of ``underlying``, with its latent truth; the same for the same three.

    ``underlying`` is a tape whose underlying is quoted; options on it are left out. The true spot is the mid of the
    last quote of an instant that has two sides and is not crossed; while none stands, the last one's. A maker sees the
    underlying at the venue, without delay. An option's row is received as late as the last row of the underlying.
    The tape tells every instant apart (resolution 1 ns): the underlying moves at its recorded stamps, truly.

    Raises :class:`~tradesim.errors.ArgumentError` for a negative seed, an underlying that is never quoted on both sides
    in the part that is wanted, or that is told in bars, and for a part that outlives the first expiry.
    """
    if seed < 0:
        raise ArgumentError(f"seed is {seed}: it must not be negative")
    if underlying.resolution >= SECOND:
        raise ArgumentError(
            f"tape {underlying.underlying} tells instants {underlying.resolution} ns apart: a hybrid tape needs ticks; "
            "give quotes stamped to the millisecond or finer"
        )
    real = _part(underlying, market)
    ts, spot = mids(real)
    surface, start = market.surface, real.start
    duration = real.end + 1 - start
    if duration >= surface.expiries[0].life:
        raise ArgumentError(
            f"the part of the tape lasts {duration} ns: it must end before the first expiry, "
            f"{surface.expiries[0].life} ns after its start; state a length, or other expiries"
        )
    levels, delays, noise = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(3))
    chain = surface.chain(real.underlying, spot[0], start)
    per_contract = surface.per_contract(spot[0])
    latent = latent_state(
        ts,
        spot,
        level_path(market, surface.level, duration, levels),
        interval=market.level_interval,
        smile=per_contract.volatility / surface.level,
    )
    trades = noise_trades(market, len(chain), start, duration, noise)
    rows = [
        book_rows(
            _requotes(market, chain, latent, per_contract, block, delays),
            trades[np.isin(trades[:, 1], block)],
            size=market.maker_size,
            refill=market.refill_delay,
        )
        for block in _blocks(len(chain), len(latent.ts))
    ]
    options = np.concatenate(rows)
    return _merged(real, options[options[:, 0] <= real.end], market, chain, latent, per_contract.carry, seed)


def _blocks(contracts: int, states: int) -> Iterator[Integers]:
    """The contracts in order, as many at a time as may be valued at once, one at least."""
    size = max(VALUES_AT_ONCE // states, 1)
    for first in range(0, contracts, size):
        yield np.arange(first, min(first + size, contracts))


def _part(underlying: Tape, market: HybridMarket) -> Tape:
    """The rows of the underlying alone in the part that is wanted, from its first two-sided quote on."""
    start = max(market.start, underlying.start)
    end = start + market.duration
    ts = mids(between(underlying, start, end))[0]
    if not len(ts):
        raise ArgumentError(
            f"tape {underlying.underlying}, which spans {utc(underlying.start)} to {utc(underlying.end)}, has no "
            f"quote of two sides from {utc(start)} to {utc(end)}; state another part"
        )
    part = between(underlying, int(ts[0]), end)
    return rows_of(part, part.instrument == UNDERLYING)


def _requotes(
    market: HybridMarket, chain: Chain, latent: Latent, each: PerContract, block: Integers, rng: np.random.Generator
) -> Integers:
    """What the makers of the contracts in ``block`` want to quote, when it is new: ts, contract, bid, ask in ticks."""
    surface = market.surface
    inverse = surface.settlement is Settlement.INVERSE
    values = theoretical_values(
        replace(latent, smile=latent.smile[block]),
        chain.select(block),
        level_steps(latent),
        rate=surface.rate,
        dividend=surface.rate - each.carry[block],
        problem=PROBLEMS["american" if (chain.style == AMERICAN).any() else "european"],
    )
    bid, ask = quotes_around(
        values / latent.spot[:, None] if inverse else values,
        tick=surface.tick / MICROS,
        least=market.spread * each.spread_least[block],
        share=market.spread * each.spread_share[block],
    )
    return np.concatenate([_of_one(market, latent.ts, c, bid[:, i], ask[:, i], rng) for i, c in enumerate(block)])


def _of_one(
    market: HybridMarket, ts: Integers, contract: int, bid: Integers, ask: Integers, rng: np.random.Generator
) -> Integers:
    """The requotes of one contract, each after its delay; the first stands from the start on."""
    new = np.flatnonzero((np.diff(bid, prepend=-1) != 0) | (np.diff(ask, prepend=-1) != 0))
    delays = reaction_delays(
        (len(new), 1), fixed=market.delay_fixed, median=market.delay_median, sigma=market.delay_sigma, rng=rng
    )[:, 0]
    delays[0] = 0
    return np.stack([queued(ts[new] + delays), np.full(len(new), contract), bid[new], ask[new]], axis=-1)


def _merged(
    real: Tape, options: Integers, market: HybridMarket, chain: Chain, latent: Latent, carry: Floats, seed: int
) -> Tape:
    """The rows of both, in order of instant and instrument; those of the underlying in their own order."""
    surface = market.surface
    ts, instrument, kind, bid, ask, bid_size, ask_size, price, size = np.ascontiguousarray(options.T)
    lag = (real.received - real.ts)[np.searchsorted(real.ts, ts, side="right") - 1]
    modelled = {
        "ts": ts,
        "received": ts + lag,
        "instrument": instrument,
        "kind": kind,
        "bid": bid * surface.tick,
        "ask": ask * surface.tick,
        "bid_size": bid_size,
        "ask_size": ask_size,
        "price": price * surface.tick,
        "size": size,
        "side": np.zeros(len(ts), np.int8),
        "order": np.zeros(len(ts), np.int64),
    }
    joined = {name: np.concatenate([getattr(real, name), modelled[name]]) for name in ROW_COLUMNS}
    order = np.lexsort((joined["instrument"], joined["ts"]))
    columns: dict[str, Any] = {name: joined[name][order].astype(getattr(real, name).dtype) for name in ROW_COLUMNS}
    return replace(
        real,
        **columns,
        chain=chain,
        source=f"hybrid of {real.source} and the chain of {surface.source}, seed {seed}",
        rate=surface.rate,
        dividend=0.0,
        resolution=1,
        problem="",
        carry=carry,
        latent=latent,
    )
