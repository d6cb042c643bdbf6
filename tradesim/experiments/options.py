"""What every question may be asked with: one set of names for keywords in Python, flags, and files of TOML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from difflib import get_close_matches
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tradesim.errors import ArgumentError
from tradesim.progress import Progress, silent

if TYPE_CHECKING:
    from tradesim.experiments.between import Between
    from tradesim.experiments.data_source import Market, Tapes
    from tradesim.experiments.timing import Timing
    from tradesim.methods.method import Outside
    from tradesim.simulation.hiccups import Hiccups
    from tradesim.simulation.session import Setting
    from tradesim.simulation.strategy import Strategy
    from tradesim.simulation.ticks import TickTable
    from tradesim.simulation.venue_rules import VenueRules
    from tradesim.simulation.wires import Wires


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is replayed, by which rule, at which latencies, in which world.

    A value may be text, as a flag states it, or an object. What is not stated is usual on the market or the tape.

    Parameters
    ----------
    tape
        A tape to replay, or several (days) by giving it again; by default a market is generated for each seed.
    market
        What is generated where no tape is given: us-equity-options (the default), index-options, coin-options or
        teaching. It says what is usual on it: wires, fees, the venue's rules, the rule that takes, whether it hedges.
    problem
        american, european, heston or asian; by default what the contracts are, each by its own style.
    seeds
        5 (that one), 1-8 or 1,4,9; by default 1-8 for generated markets and one per tape.
    strategy
        How every method trades: a Python file that defines STRATEGY, whose rule, trigger, policy, hedge, CPUs and
        deadline count, and whose method does not. By default quotes are taken.
    edge
        What a quote must be off by, after fees, to be taken; currency a unit. By default the market's, and on a tape
        0.0075, or 0.0005 of a coin, and at least half a tick of its options. Not with a strategy, whose rule says it.
    cap
        Largest position in a contract, long or short; lots. By default the market's, and 50 on a tape. Not with a
        strategy.
    latency
        What a decision's pricing takes: empirical (measured here, then drawn by seed), measured (live),
        profile:COMPARISON (as measured then, which makes its replay again), the path of a profile file, or a model:
        fixed:40us, lognormal:40us:0.5 (median, sigma), gamma:2:10us:30us (shape, scale, floor), file:PATH (measurements
        in ns: CSV, text, Parquet or npy; file:PATH#COLUMN of several columns); units ns, us, ms, s.
    update
        What an update of the slow inputs takes on the second CPU, a model as for latency (5s, lognormal:1ms:1); by
        default as measured, or nothing where latency is stated.
    timing
        How pricings are timed: live (as decisions happen, after the desk's other work), hot (in a loop of their own) or
        cold (after the caches were flushed).
    between
        What the core does between two decisions that are timed: desk (the working set of one desk more), nothing, or a
        working set; and after a comma the longest wait, spin=DURATION or sleep=DURATION: 2MiB,spin=20us.
    hiccups
        Pauses of a desk's process, as by a garbage collector: every=100ms,pause=lognormal:1ms:1. By default none.
    feed
        From the venue to the desk: 20us, any of the models of latency, or recorded (the tape's receive times).
    entry
        From the desk to the venue: 30us, any of the models of latency, recorded:PATH (a recording of requests: columns
        req_ts, exch_ts, resp_ts in ns on the tape's clock; linear in time between them, and refused where the venue
        refused), or by action: place=30us,cancel=20us,replace=lognormal:30us:0.4.
    response
        From the venue back to the desk: as entry; after a recorded entry by default the same recording's.
    hedge_entry
        As entry, of orders for the underlying; by default as those for options.
    hedge_response
        As response, of orders for the underlying.
    rejections
        The share of messages that the venue's gateway refuses, 0 to 1.
    send
        What the desk's CPU takes to send a message, after it has decided: one leaves after the other. As entry, but not
        recorded; by default nothing.
    fee
        The taker's fee; currency a unit. By default the market's, and on a tape 0.0025, or 0.0003 of a coin.
    maker_fee
        Of one whose standing order is taken; currency a unit, negative for a rebate. By default 0.
    underlying_fee
        Of a trade in the underlying; currency a unit. By default 0.
    queue
        How a standing order advances when others cancel: risk-averse (the default: only trades advance it), log, log2,
        power:3, power2:3 or power3:3.
    tick
        The grid of option prices, currency: an order off it is refused. Where it depends on the price, each further
        tick with the price from which it holds: 0.05,0.10@3 is 0.05 below 3.00 and 0.10 from 3.00 on. Without it no
        price is refused, and rules quote on the grid of the tape's own quotes.
    position_limit
        Lots of a contract that a desk may come to hold; an order beyond it is refused. Without it there is no limit.
    outside
        What a method does with a contract outside its domain: fallback (to the solver, charged and counted) or raise.
    memory_price
        What memory costs: currency for a MiB that a method keeps resident, each hour of tape. By default nothing; the
        table then says which level of this machine's cache a method fits.
    db
        The results database; by default results.duckdb in the data home (TRADESIM_HOME; else data/ of a checkout; else
        the user's cache folder).
    jobs
        Seeds replayed at once; live measured latency takes one.
    wires
        In Python alone: latencies of feed, entry and response, in place of the market's.
    venue
        In Python alone: what orders are held to, and how they queue, in place of the market's.
    setting
        In Python alone: wires, fees, venue and schedules around the desks, in place of the market's.
    progress
        In Python alone: is told what is done, and how far.
    """

    tape: Tapes | None = None
    market: Market | None = None
    problem: str | None = None
    seeds: Sequence[int] | str | None = None
    strategy: Strategy | Path | str | None = None
    edge: float | None = None
    cap: int | None = None
    latency: str = "empirical"
    update: str | None = None
    timing: Timing | str = "live"
    between: Between | str | None = None
    hiccups: Hiccups | str | None = None
    feed: str | None = None
    entry: str | None = None
    response: str | None = None
    hedge_entry: str | None = None
    hedge_response: str | None = None
    rejections: float = 0.0
    send: str | None = None
    fee: float | None = None
    maker_fee: float | None = None
    underlying_fee: float | None = None
    queue: str | None = None
    tick: float | str | TickTable | None = None
    position_limit: int | None = None
    outside: Outside | str = "fallback"
    memory_price: float = 0.0
    db: Path | str | None = None
    jobs: int = 2
    wires: Wires | None = None
    venue: VenueRules | None = None
    setting: Setting | None = None
    progress: Progress = silent


NUMBERS: Final = frozenset({"edge", "fee", "maker_fee", "underlying_fee", "rejections", "memory_price"})
COUNTS: Final = frozenset({"cap", "position_limit", "jobs"})
TEXTS: Final = frozenset(
    {"latency", "update", "feed", "entry", "response", "hedge_entry", "hedge_response", "send", "queue", "problem"}
)
KINDS: Final = {"seeds": "whole numbers, or text as 1-8", "tape": "the path of a tape, or of several"}
"""What some options must be."""

NAMES: Final = tuple(field.name for field in fields(Options))


def options_from(asked: Mapping[str, Any]) -> Options:
    """The options that keywords state; ``ArgumentError`` names one that there is not."""
    unknown = [name for name in asked if name not in NAMES]
    if unknown:
        meant = get_close_matches(unknown[0], NAMES, 1)
        raise ArgumentError(
            f"{unknown[0]}: there is no such option{f'; did you mean {meant[0]}?' if meant else ''} "
            f"(tradesim.Options lists them: {', '.join(NAMES)})"
        )
    return Options(**{name: _typed(name, value) for name, value in asked.items()})


def _typed(name: str, value: Any) -> Any:
    """``value`` as its option has it, of a number or of its text; ``ArgumentError`` where it is no such thing."""
    if value is None or name not in {*NUMBERS, *COUNTS, *TEXTS, "seeds", "tape"}:
        return value
    if name in TEXTS and isinstance(value, str | Path):
        return str(value)
    if name == "tape" and (isinstance(value, str | Path) or (isinstance(value, Sequence) and len(value))):
        return value
    if name == "seeds":
        seeds = [value] if isinstance(value, Integral) else value
        if isinstance(seeds, str) or all(isinstance(each, Integral) and not isinstance(each, bool) for each in seeds):
            return seeds
    if isinstance(value, str | Real) and not isinstance(value, bool):
        with suppress(ValueError):
            if name in NUMBERS:
                return float(value)
            if name in COUNTS:
                return int(str(value))
    wanted = "a number" if name in NUMBERS else "a whole number" if name in COUNTS else KINDS.get(name, "text")
    raise ArgumentError(f"{name} is {value!r:.60}: it must be {wanted}")
