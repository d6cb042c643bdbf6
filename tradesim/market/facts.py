"""Stylised facts of a tape: what a generated market must share with real ones to be believed.

Which facts, and why: R. Cont, "Empirical properties of asset returns: stylized facts and statistical issues",
Quantitative Finance 1 (2001): heavy tails that thin out as the horizon grows, no linear but lasting absolute
autocorrelation, clustering. To these come what a latency is paid for: clustered arrivals, spreads, quotes a trade, and
how long options are quoted as before a move of their underlying (:mod:`~tradesim.market.reaction`).

Time is that of sessions (:mod:`~tradesim.market.sessions`): closed hours are no time to quote or trade in, and what
prices moved by between a close and the next opening is no return.

A fact that a tape cannot identify is None: bars do not tell arrivals, no horizon below the tape's resolution is
sampled, and nothing is estimated from fewer than 30 intervals.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import TapeError
from tradesim.market.gains import makers_gains
from tradesim.market.quoted import Quoted, quoted_smiles
from tradesim.market.reaction import reactions_of
from tradesim.market.sessions import open_time, session_at
from tradesim.market.snapshot import snapshot_of
from tradesim.market.tape import QUOTE, TRADE, UNDERLYING, Tape, mids
from tradesim.pricing.problem import Floats
from tradesim.units import DAY, MICROSECOND, MILLISECOND, SECOND, YEAR, formatted

Integers = NDArray[np.int64]
Facts = dict[str, float | None]
"""Facts by name, in the order in which they are shown."""

WINDOWS: Final = (100 * MILLISECOND, SECOND, 10 * SECOND)
"""Windows in which arrivals are counted, ns."""
HORIZONS: Final = (100 * MILLISECOND, SECOND, 10 * SECOND, 60 * SECOND)
"""Intervals at which prices are sampled, ns."""
FEWEST: Final = 30
"""Nothing is estimated from fewer windows, gaps or returns."""
FINEST: Final = 10
"""A window that counts arrivals is at least so many times as long as what the tape can tell apart."""
QUANTILES: Final = (0.5, 0.9, 0.99)
REACTED: Final = (0.1, 0.5, 0.9)
"""Shares of the reactions whose delays are reported."""
DEVIATIONS: Final = (-2, -1, 0, 1, 2)
"""Where a smile is read: strikes so many standard deviations from the forward."""
SMILE_DAYS: Final = 30
AT_THE_MONEY: Final = "implied volatility, +0 deviations (%)"
CLOCKS: Final = {"252 days of 6.5 h": 252 * 6.5 * 3600.0, "365 days of 24 h": 365 * 24 * 3600.0}
"""Seconds of a year in which a market trades, by how it is said: what realised volatility is annualised by."""
BASIS_POINT: Final = 1e-4
MINUTE: Final = 60 * SECOND


def facts_of(tape: Tape) -> Facts:
    """All facts of ``tape``; those of options are None where it has none."""
    sessions = tape.sessions
    facts = {
        **_arrival_facts(tape, sessions),
        **_return_facts(tape, sessions),
        **_spread_facts(tape, sessions),
        **_trade_facts(tape, sessions),
        **_option_facts(tape),
    }
    return {**facts, **_realised_over_implied(facts), **_maker_facts(tape, sessions)}


def is_told(tape: Tape) -> bool:
    """Whether the tape tells single messages apart, as bars do not."""
    return tape.resolution * FINEST <= WINDOWS[0]


def arrivals_in(ts: Integers, window: int) -> Integers:
    """How many of ``ts`` fall in each whole window from the first on, as far as the last."""
    count = int(ts[-1] - ts[0]) // window if len(ts) else 0
    return np.bincount((ts - ts[:1]) // window, minlength=count)[:count]


def fano(counts: Integers) -> float | None:
    """Variance over mean of the ``counts`` of arrivals in windows; 1 for a Poisson process."""
    if len(counts) < FEWEST:
        return None
    return float(counts.var() / counts.mean())


def gap_correlation(*runs: Integers) -> float | None:
    """Correlation of each gap between arrivals with the next: 0 for a Poisson process, positive for clusters.

    Arrivals of several ``runs`` have no gaps between the runs.
    """
    return autocorrelation(*(np.diff(run).astype(np.float64) for run in runs))


def branching_ratio(fano_factor: float) -> float:
    """Children an arrival of a Hawkes process has on average, by its Fano factor over long windows.

    ``1 - 1 / sqrt(F)``, and 0 where F is below 1. A rate that changes for other reasons counts as excitement too.
    Source: Hardiman and Bouchaud, "Branching-ratio approximation for the self-exciting Hawkes process", Physical Review
    E 90 (2014), equation 5.
    """
    return max(1.0 - 1.0 / math.sqrt(fano_factor), 0.0) if fano_factor > 0.0 else 0.0


def log_returns(ts: Integers, price: Floats, horizon: int) -> Floats:
    """Returns over successive horizons from the first price on, each between the last prices known by then; none where
    a price is not positive."""
    if not len(ts) or price.min() <= 0.0:
        return np.empty(0)
    grid = np.arange(ts[0], ts[-1] + 1, horizon)
    return np.diff(np.log(price[np.searchsorted(ts, grid, side="right") - 1]))


def kurtosis(sample: Floats) -> float | None:
    """Fourth moment over the square of the second, about the mean: 3 for a normal law."""
    if len(sample) < FEWEST or sample.var() == 0.0:
        return None
    return float(np.mean((sample - sample.mean()) ** 4) / sample.var() ** 2)


def realised_volatility(returns: Floats, horizon: int) -> float | None:
    """Root of the realised variance a second; over ascending horizons it is the signature plot.

    It is the same at all horizons where returns are uncorrelated, and falls where a price bounces: Andersen,
    Bollerslev, Diebold and Labys, "Great realizations", Risk 13 (2000).
    """
    if len(returns) < FEWEST:
        return None
    return float(np.sqrt(np.sum(returns**2) / (len(returns) * horizon / SECOND)))


def autocorrelation(*runs: Floats) -> float | None:
    """Correlation of each value with the next one of its run."""
    before, after = _joined([run[:-1] for run in runs]), _joined([run[1:] for run in runs])
    if len(before) < FEWEST or before.std() == 0.0 or after.std() == 0.0:
        return None
    return float(np.corrcoef(before, after)[0, 1])


def weighted_quantiles(values: Floats, weights: Floats, quantiles: tuple[float, ...]) -> list[float]:
    """The least value up to which that share of the weight lies, for each quantile."""
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / np.sum(weights)
    at = np.minimum(np.searchsorted(share, quantiles), len(values) - 1)
    return [float(value) for value in values[order][at]]


def _known(value: float | None, change: Callable[[float], float]) -> float | None:
    return None if value is None else change(value)


def _joined(runs: Sequence[Floats]) -> Floats:
    return np.concatenate([np.empty(0), *runs])


def _parts(ts: Integers, sessions: Integers) -> list[slice]:
    """Which of the ascending instants ``ts`` are in each session."""
    return [slice(*np.searchsorted(ts, (first, last + 1))) for first, last in sessions]


def _arrival_facts(tape: Tape, sessions: Integers) -> Facts:
    ts = tape.ts[(tape.instrument == UNDERLYING) & (tape.kind == QUOTE)]
    runs = [ts[part] for part in _parts(ts, sessions)]
    fanos = {
        window: fano(np.concatenate([arrivals_in(run, window) for run in runs]))
        if window >= FINEST * tape.resolution and runs
        else None
        for window in WINDOWS
    }
    longest = next((value for value in reversed(fanos.values()) if value is not None), None)
    seconds = open_time(sessions) / SECOND
    return {
        "quotes a second": len(ts) / seconds if is_told(tape) and len(ts) > FEWEST and seconds else None,
        **{f"Fano factor, {formatted(window)}": value for window, value in fanos.items()},
        "branching ratio": _known(longest, branching_ratio),
        "correlation of gaps": gap_correlation(*runs) if is_told(tape) else None,
    }


def _returns(ts: Integers, price: Floats, tape: Tape, sessions: Integers) -> dict[int, list[Floats]]:
    """By horizon, the returns within each session; none below the tape's resolution."""
    parts = _parts(ts, sessions)
    return {h: [log_returns(ts[p], price[p], h) for p in parts] if h >= tape.resolution else [] for h in HORIZONS}


def _return_facts(tape: Tape, sessions: Integers) -> Facts:
    by_session = _returns(*mids(tape), tape, sessions)
    returns = {h: _joined(runs) for h, runs in by_session.items()}
    second = by_session[SECOND]
    return {
        **{f"kurtosis, {formatted(h)}": kurtosis(r) for h, r in returns.items()},
        **{
            f"volatility, every {formatted(h)} (bp / root s)": _known(
                realised_volatility(r, h), lambda v: v / BASIS_POINT
            )
            for h, r in returns.items()
        },
        **{
            f"returns that are zero, {formatted(h)}": float(np.mean(r == 0.0)) if len(r) >= FEWEST else None
            for h, r in returns.items()
        },
        "correlation of returns, 1 s": autocorrelation(*second),
        "correlation of absolute returns, 1 s": autocorrelation(*map(np.abs, second)),
    }


def _spread_facts(tape: Tape, sessions: Integers) -> Facts:
    """Spreads of the underlying, each for as long as it stood, at most to its session's close."""
    rows = np.flatnonzero((tape.instrument == UNDERLYING) & (tape.kind == QUOTE))
    bid, ask, ts = tape.bid[rows], tape.ask[rows], tape.ts[rows]
    closes = sessions[session_at(ts, sessions), 1]
    stood = (np.minimum(np.append(ts[1:], closes[-1:]), closes) - ts).astype(np.float64)
    keep = (tape.bid_size[rows] > 0) & (tape.ask_size[rows] > 0) & (bid <= ask) & (stood > 0.0)
    names = [f"spread, {quantile:.0%} of the time (ticks)" for quantile in QUANTILES]
    relative = "spread, 50% of the time (bp)"
    if not keep.any():
        return dict.fromkeys([*names, relative])
    bid, ask, stood = bid[keep], ask[keep], stood[keep]
    tick = np.gcd.reduce(np.concatenate([bid, ask]))
    ticks = weighted_quantiles((ask - bid) / tick, stood, QUANTILES)
    middle = (bid + ask) / 2.0
    share = weighted_quantiles((ask - bid) / middle / BASIS_POINT, stood, (0.5,))[0] if middle.min() > 0.0 else None
    return {**dict(zip(names, ticks, strict=True)), relative: share}


def _trade_facts(tape: Tape, sessions: Integers) -> Facts:
    """Quotes a trade, and the signature of trade prices, which bounce between bid and ask."""
    of_underlying = tape.instrument == UNDERLYING
    trades = np.flatnonzero(of_underlying & (tape.kind == TRADE))
    quotes = np.count_nonzero(of_underlying & (tape.kind == QUOTE))
    returns = _returns(tape.ts[trades], tape.price[trades].astype(np.float64), tape, sessions)
    return {
        "quotes a trade": quotes / len(trades) if len(trades) and is_told(tape) else None,
        **{
            f"volatility of trades, every {formatted(h)} (bp / root s)": _known(
                realised_volatility(_joined(runs), h), lambda v: v / BASIS_POINT
            )
            for h, runs in returns.items()
        },
    }


def _option_facts(tape: Tape) -> Facts:
    options = tape.instrument != UNDERLYING
    quotes = options & (tape.kind == QUOTE)
    trades = np.count_nonzero(options & (tape.kind == TRADE))
    both = quotes & (tape.bid_size > 0) & (tape.ask_size > 0) & (tape.bid + tape.ask > 0)
    spread = 2.0 * (tape.ask[both] - tape.bid[both]) / (tape.ask[both] + tape.bid[both])
    return {
        "options: quotes a trade": np.count_nonzero(quotes) / trades if trades and is_told(tape) else None,
        "options: median spread (% of mid)": 100.0 * float(np.median(spread)) if len(spread) else None,
        **_reaction_facts(tape),
        **_smile_facts(tape),
    }


def _reaction_facts(tape: Tape) -> Facts:
    """How long makers take to answer a move, and the parameters of a generated market whose makers take as long."""
    try:
        seen = reactions_of(tape)
    except TapeError:
        seen = None
    fitted = None if seen is None else seen.fitted
    delays = {
        **{f"reaction, {share:.0%} within": None if seen is None else seen.quantile(share) for share in REACTED},
        "delay_fixed": None if fitted is None else fitted.fixed,
        "delay_median": None if fitted is None else fitted.median,
    }
    return {
        "options: moves followed": None if seen is None else len(seen.followed),
        "options: quotes that answered": None if seen is None else len(seen.delays),
        "options: quotes censored": None if seen is None else int(seen.silent.sum()),
        **{f"options: {name} (us)": _known(delay, lambda ns: ns / MICROSECOND) for name, delay in delays.items()},
        "options: delay_sigma": None if fitted is None else fitted.sigma,
    }


def _smile_facts(tape: Tape) -> Facts:
    """Implied volatility by moneyness in the middle of the tape, of the expiry nearest to thirty days."""
    names = [f"implied volatility, {place:+d} deviations (%)" for place in DEVIATIONS]
    try:
        smiles = quoted_smiles(snapshot_of(tape))
    except TapeError:
        smiles = []
    if not smiles:
        return {"smile: days to expiry": None, **dict.fromkeys(names)}
    smile = min(smiles, key=lambda expiry: abs(expiry.life - SMILE_DAYS * DAY))
    values = (_volatility_at(smile, place) for place in DEVIATIONS)
    return {"smile: days to expiry": smile.life / DAY, **dict(zip(names, values, strict=True))}


def _realised_over_implied(facts: Facts) -> Facts:
    """Volatility of the mid every second, annualised, over that of the options at the money nearest to thirty days."""
    realised, implied = facts[f"volatility, every {formatted(SECOND)} (bp / root s)"], facts[AT_THE_MONEY]
    return {
        f"options: realised / implied volatility, {said}": None
        if realised is None or not implied
        else 100.0 * BASIS_POINT * realised * math.sqrt(seconds) / implied
        for said, seconds in CLOCKS.items()
    }


def _maker_facts(tape: Tape, sessions: Integers) -> Facts:
    """What makers of a modelled market gain and lose against fair value on the tape's trades, a minute, before fees."""
    minutes = open_time(sessions) / MINUTE
    gains = makers_gains(tape, tape.latent)[1] if tape.latent is not None and minutes else np.empty(0)
    return {
        f"options: makers {what} a minute": float(np.maximum(sign * gains, 0.0).sum()) / minutes if len(gains) else None
        for what, sign in (("gain", 1.0), ("lose", -1.0))
    }


def _volatility_at(smile: Quoted, deviations: float) -> float | None:
    """In percent, between the two quotes around that strike; None beyond the last quote."""
    middle = smile.volatility[np.argmin(np.abs(smile.k))]
    k = deviations * middle * math.sqrt(smile.life / YEAR)
    if not smile.k[0] <= k <= smile.k[-1]:
        return None
    return 100.0 * float(np.interp(k, smile.k, smile.volatility))
