"""How long the makers of options take to requote after a move of the underlying, estimated from any tape.

A *move* is an instant at which the underlying's two-sided mid changes. After it each contract that was quoted on two
sides is at risk until the first change of its bid or ask price (a *requote*), or until it is censored: by the next
move (what follows that may answer either) or by the session's close, when quotes end. Moves that follow another one
or the opening within the calm are not timed from, or late answers to the one would be taken for early ones to the
other; and what the mid changed by overnight is no move.

Nobody knows from a tape which quotes should have changed: many, counted in ticks, outlive a move. So every quoted
contract is taken, as a mixture of a share p that answers with the delay sought and the rest that never does. Censoring
does not depend on the delay, hence the survival curve falls to ``1 - p`` as ``1 - p F(t)``, and F is what it fell by
over what it falls by in all (Maller and Zhou, "Estimating the proportion of immunes in a censored sample", Biometrika
79, 1992). To take only contracts that did change before the next move would prefer short delays; to take large moves
only, or contracts by their delta, would need a model of the quotes, and leaves p below one all the same.

Quotes change for other reasons too: later than the horizon after a move these are all that is left, and their rate is
the background, a competing risk whose cumulative hazard is taken off that of all changes.

The horizon is what a tenth of the gaps between moves outlast, the calm is their median. A reaction that is not over
within the calm is not identified, nor one beside which the background is not small, nor a delay below the tape's
resolution.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit, ndtr, ndtri

from tradesim.errors import TapeError
from tradesim.market.sessions import session_at
from tradesim.market.tape import QUOTE, UNDERLYING, Tape, mids
from tradesim.pricing.problem import Floats
from tradesim.units import MICROS, formatted

Integers = NDArray[np.int64]

FEWEST: Final = 30
"""Nothing is estimated from fewer moves or requotes."""
FINEST: Final = 10
"""The horizon is at least so many times as long as the tape's resolution."""
LONGEST_GAPS: Final = 0.1
"""Share of the gaps between moves that outlast the horizon."""
LATE: Final = 0.05
"""Share of the reactions that may take longer than the calm."""
HIDDEN: Final = 0.25
"""Changes of the background for each answer, until the reaction is over, that hide no slow answers."""
BINS: Final = 200
"""Of the life table that a delay is fitted to, each with as many requotes."""


@dataclass(frozen=True, kw_only=True)
class Delay:
    """A reaction delay: ``fixed`` plus a lognormal of that ``median`` and that ``sigma`` of its logarithm; ns.

    As the makers of a :class:`~tradesim.market.parameters.QuotedMarket` have it.
    """

    fixed: float
    median: float
    sigma: float

    def share(self, ns: Floats) -> Floats:
        """The share of reactions that take at most ``ns``."""
        tiny = np.finfo(np.float64).tiny
        above = np.maximum(np.asarray(ns, dtype=np.float64) - self.fixed, 0.0) / max(self.median, tiny)
        with np.errstate(divide="ignore", over="ignore"):
            scores = np.log(above) / max(self.sigma, tiny)
        return np.asarray(ndtr(scores), dtype=np.float64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reactions:
    """What followed the moves of a tape; ns.

    ``delays``     int64[d], ascending: from a move to the first requote of a contract
    ``followed``   int64[m], ascending: how long each move was followed
    ``silent``     int64[m]: contracts that had not requoted by then
    ``background`` hazard of a change of a contract's quote away from moves, per ns
    ``resolution`` of the tape
    """

    delays: Integers
    followed: Integers
    silent: Integers
    background: float
    resolution: int

    @cached_property
    def curve(self) -> pl.DataFrame:
        """One row for each delay that was seen, ascending.

        ``delay``          ns
        ``at_risk``        contracts that had neither requoted nor been censored before
        ``requotes``       at this delay
        ``survival``       share that has not requoted by then: Kaplan and Meier, "Nonparametric estimation from
                           incomplete observations", Journal of the American Statistical Association 53 (1958)
        ``standard_error`` of it, by Greenwood's formula, contracts taken as independent
        ``answered``       share that has answered the move by then: the background's part taken off
        ``reacted``        that over what it is at the horizon: the distribution function of the reaction
        """
        delay, requotes = np.unique(self.delays, return_counts=True)
        gone = np.append(0, np.cumsum(self.silent))[np.searchsorted(self.followed, delay)]
        at_risk = self.silent.sum() + len(self.delays) - np.append(0, np.cumsum(requotes)[:-1]) - gone
        survival = np.cumprod(1.0 - requotes / at_risk)
        variance = np.cumsum(requotes / (at_risk * np.maximum(at_risk - requotes, 1)))
        answered = np.maximum.accumulate(np.maximum(1.0 - survival * np.exp(self.background * delay), 0.0))
        return pl.DataFrame(
            {
                "delay": delay,
                "at_risk": at_risk,
                "requotes": requotes,
                "survival": survival,
                "standard_error": survival * np.sqrt(variance),
                "answered": answered,
                "reacted": answered / max(answered[-1], np.finfo(np.float64).tiny),
            }
        )

    @property
    def answering(self) -> float:
        """The share of contracts that answer a move."""
        return float(self.curve["answered"][-1])

    @property
    def over(self) -> int:
        """When all but few of those have, ns."""
        return self._reached(1.0 - LATE)

    def quantile(self, share: float) -> float | None:
        """The delay, ns, by which this ``share`` of the reactions has come; None below the tape's resolution."""
        found = self._reached(share)
        return float(found) if found >= self.resolution else None

    def _reached(self, share: float) -> int:
        return int(self.curve["delay"][int(np.searchsorted(self.curve["reacted"].to_numpy(), share))])

    @cached_property
    def fitted(self) -> Delay | None:
        """The delay of highest likelihood, censoring and background counted; None where a tenth is not resolved.

        Delays are taken as counts of a life table, for the likelihood of single ones has no maximum in ``fixed``:
        Giesbrecht and Kempthorne, "Maximum likelihood estimation in the three-parameter lognormal distribution",
        Journal of the Royal Statistical Society B 38 (1976).
        """
        low, middle, high = map(self.quantile, (0.1, 0.5, 0.9))
        if low is None or middle is None or high is None or high <= low:
            return None
        start = _by_quantiles(low, middle, high)
        table = _LifeTable.of(self.curve, self.background)
        first = [
            logit(np.clip(start.fixed / low, 0.02, 0.98)),
            math.log(start.median),
            math.log(start.sigma),
            logit(np.clip(self.answering, 0.01, 0.99)),
        ]
        best = minimize(lambda at: -table.likelihood(_delay_at(at, low), expit(at[3])), first, method="Nelder-Mead")
        return _delay_at(best.x, low)


def reaction_curve(tape: Tape, *, ticks: float = 0.0) -> pl.DataFrame:
    """The survival curve of the reaction of a tape's options: :attr:`Reactions.curve`; see :func:`reactions_of`."""
    return reactions_of(tape, ticks=ticks).curve


def reactions_of(tape: Tape, *, ticks: float = 0.0) -> Reactions:
    """What followed the moves of ``tape`` that are of at least so many ``ticks`` of its underlying.

    Raises :class:`~tradesim.errors.TapeError` where the tape cannot identify a reaction, saying why.
    """
    ts, mid = mids(tape)
    sessions = tape.sessions
    session = session_at(ts, sessions)
    at = np.flatnonzero((np.diff(mid) != 0.0) & (np.diff(session) == 0)) + 1
    if len(at) < FEWEST:
        raise _unidentified(tape, f"its underlying moves {len(at)} times, and {FEWEST} are the fewest")
    moves, (opens, closes) = ts[at], sessions[session[at]].T
    gaps = _lengths(moves, closes)
    horizon, calm = int(np.quantile(gaps, 1.0 - LONGEST_GAPS)), float(np.median(gaps))
    if horizon < FINEST * tape.resolution:
        raise _unidentified(
            tape,
            f"its moves follow each other within {formatted(horizon)}, and its resolution is "
            f"{formatted(tape.resolution)}",
        )
    timed = moves - np.maximum(np.append(opens[0], moves[:-1]), opens) >= calm
    timed &= np.abs(np.diff(mid)[at - 1]) >= ticks * _tick(tape) / MICROS * (1.0 - 1e-9)
    seen = _followed(tape, sessions, moves, timed, horizon)
    if len(seen.delays) < FEWEST:
        raise _unidentified(tape, f"{len(seen.delays)} requotes follow its moves, and {FEWEST} are the fewest")
    if seen.answering == 0.0 or seen.over > calm or seen.background * seen.over > HIDDEN * seen.answering:
        raise _unidentified(
            tape, f"its makers still answer a move when others follow, within {formatted(calm)} half of the time"
        )
    return seen


def _lengths(begins: Integers, closes: Integers) -> Integers:
    """From each of the ascending instants to the next, or to its session's close if that comes first; ns."""
    ends: Integers = np.minimum(np.append(begins[1:], closes[-1]), closes)
    return np.subtract(ends, begins, dtype=np.int64)


def _unidentified(tape: Tape, why: str) -> TapeError:
    return TapeError(f"tape {tape.underlying}: a reaction is not identified: {why}; give a longer or finer one")


def _tick(tape: Tape) -> int:
    """The largest number of micros of which each price of the underlying's quotes is a multiple."""
    quotes = (tape.instrument == UNDERLYING) & (tape.kind == QUOTE)
    bid, ask = tape.bid[quotes & (tape.bid_size > 0)], tape.ask[quotes & (tape.ask_size > 0)]
    return int(np.gcd.reduce(np.concatenate([bid, ask])))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Changes:
    """Changes of price of the options' quotes, contract by contract: ``contract``, ``ts``, and whether the quote
    ``stood`` on two sides before; then how many contracts are ``quoted`` so from each of the instants ``since`` on."""

    contract: Integers
    ts: Integers
    stood: NDArray[np.bool_]
    since: Integers
    quoted: Integers

    def quoted_before(self, ts: Integers) -> Integers:
        """How many contracts are quoted on two sides just before each instant."""
        return np.append(0, self.quoted)[np.searchsorted(self.since, ts)]


def _changes(tape: Tape, sessions: Integers) -> _Changes:
    rows = np.flatnonzero((tape.instrument != UNDERLYING) & (tape.kind == QUOTE))
    rows = rows[np.argsort(tape.instrument[rows], kind="stable")]
    contract, ts = tape.instrument[rows].astype(np.int64) - 1, tape.ts[rows]
    bid, ask = (
        np.where(size[rows] > 0, price[rows], -1)
        for price, size in ((tape.bid, tape.bid_size), (tape.ask, tape.ask_size))
    )
    session = session_at(ts, sessions)
    again = (np.diff(contract, prepend=-1) == 0) & (np.diff(session, prepend=-1) == 0)
    both = (bid >= 0) & (ask >= 0)
    stood = np.roll(both, 1) & again
    changed = again & ((np.diff(bid, prepend=0) != 0) | (np.diff(ask, prepend=0) != 0))
    last = both & ~np.append(again[1:], False)
    ends = np.minimum(tape.chain.expiry[contract[last]], sessions[session[last], 1] + 1)
    since = np.concatenate([ts, ends])
    step = np.concatenate([both.astype(np.int64) - stood, np.full(np.count_nonzero(last), -1)])
    order = np.argsort(since, kind="stable")
    return _Changes(
        contract=contract[changed],
        ts=ts[changed],
        stood=stood[changed],
        since=since[order],
        quoted=np.cumsum(step[order]),
    )


def _followed(tape: Tape, sessions: Integers, moves: Integers, timed: NDArray[np.bool_], horizon: int) -> Reactions:
    """What follows each of the ``moves`` within the horizon, where it is ``timed``, and what changes beyond it."""
    away = moves[_lengths(moves, sessions[session_at(moves, sessions), 1]) > horizon] + horizon
    begins = np.concatenate([moves, away, sessions[:, 0]])
    order = np.argsort(begins)
    begins, timed = begins[order], np.append(timed, np.full(len(begins) - len(moves), False))[order]
    beyond = (order >= len(moves)) & (order < len(moves) + len(away))
    length = _lengths(begins, sessions[session_at(begins, sessions), 1])
    changes = _changes(tape, sessions)
    quoted = changes.quoted_before(begins)
    window, after = _first(changes, begins)
    silent = quoted - np.bincount(window, minlength=len(begins))
    exposure = float(silent[beyond] @ length[beyond] + after[beyond[window]].sum())
    moves_by_length = np.flatnonzero(timed)[np.argsort(length[timed], kind="stable")]
    return Reactions(
        delays=np.sort(after[timed[window]]),
        followed=length[moves_by_length],
        silent=silent[moves_by_length],
        background=np.count_nonzero(beyond[window]) / exposure if exposure > 0.0 else 0.0,
        resolution=tape.resolution,
    )


def _first(changes: _Changes, begins: Integers) -> tuple[Integers, Integers]:
    """The first change of each contract, if quoted before on two sides, in each of the windows that begin there: which
    window, and how long after its beginning, ns."""
    window = np.searchsorted(begins, changes.ts, side="right") - 1
    first = (np.diff(changes.contract, prepend=-1) != 0) | (np.diff(window, prepend=-1) != 0)
    keep = first & changes.stood & (window >= 0)
    return window[keep], (changes.ts - begins[window])[keep]


@dataclass(frozen=True, kw_only=True, eq=False)
class _LifeTable:
    """Requotes and contracts at risk between the ``ends`` (ns) of bins, and the background's hazard in each."""

    ends: Floats
    requotes: Floats
    at_risk: Floats
    hazard: Floats

    @classmethod
    def of(cls, curve: pl.DataFrame, background: float) -> "_LifeTable":
        total = curve["requotes"].cum_sum()
        bins = curve.with_columns(bin=(total - 1) * BINS // total[-1]).group_by("bin", maintain_order=True)
        table = bins.agg(pl.col("delay").last(), pl.col("requotes").sum(), pl.col("at_risk").first())
        ends, requotes, at_risk = (
            table[name].to_numpy().astype(np.float64) for name in ("delay", "requotes", "at_risk")
        )
        return cls(ends=ends, requotes=requotes, at_risk=at_risk, hazard=background * np.diff(ends, prepend=0.0))

    def likelihood(self, delay: Delay, share: float) -> float:
        """The logarithm of it, where a ``share`` of the contracts answers with ``delay``."""
        stays = -np.diff(np.log1p(-share * delay.share(self.ends)), prepend=0.0) + self.hazard
        requoted = np.log(np.maximum(-np.expm1(-stays), np.finfo(np.float64).tiny))
        return float(self.requotes @ requoted - (self.at_risk - self.requotes) @ stays)


def _by_quantiles(low: float, middle: float, high: float) -> Delay:
    """The delay whose tenth, half and nine tenths these are; ``fixed`` is 0 where they lean the other way."""
    lean = low + high - 2.0 * middle
    fixed = min(max((low * high - middle**2) / lean, 0.0), 0.98 * low) if lean > 0.0 else 0.0
    return Delay(fixed=fixed, median=middle - fixed, sigma=math.log((high - fixed) / (middle - fixed)) / ndtri(0.9))


def _delay_at(place: Floats, low: float) -> Delay:
    """The delay at a place of the search: its ``fixed`` lies between 0 and ``low``."""
    return Delay(fixed=float(low * expit(place[0])), median=math.exp(place[1]), sigma=math.exp(place[2]))
