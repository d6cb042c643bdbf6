"""How a latency is taken: as decisions happen, on this machine, of all methods in turn.

Each method has a desk of its own that decides on the session's tape (:mod:`~tradesim.experiments.rehearsal`). A reading
is one stage of one decision, after whatever else the desk did at that wake-up, and after the core was somebody else's
(:mod:`~tradesim.experiments.between`). The desks take turns in many short blocks, so that what the machine does
meanwhile meets all of them, and each reading keeps its block. Readings during which the thread was stopped are dropped
and counted. Two bounds are taken in the same blocks: the pricing in a loop of its own, everything in cache (*hot*), and
after a buffer larger than the second-level cache was written (*cold*).

The garbage collector is off, the timer's own cost is taken off every reading, kernels are compiled and warm before the
first reading counts, and nothing runs beside it in the process.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import cycle
from time import perf_counter_ns
from typing import Final

import numpy as np

from tradesim.experiments.between import Between, Neighbour
from tradesim.experiments.plan import BLOCKS
from tradesim.experiments.rehearsal import WARM, Key, Notes, Rehearsal
from tradesim.experiments.system import resident, resident_peak
from tradesim.experiments.timing import Cache, Disturbance, Ints, Timing, flusher, quiet
from tradesim.methods.method import Method
from tradesim.progress import Progress, silent
from tradesim.simulation.book import empty_book, underlying_path
from tradesim.simulation.book import replay as replay_rows
from tradesim.simulation.latency import QUIET, ZERO, Empirical, LatencyModel, Profile, Stage, Sum
from tradesim.simulation.session import Session
from tradesim.simulation.strategy import Strategy
from tradesim.units import MICROS, MILLISECOND, SECOND

SNAPSHOT: Final = "snapshot"
"""Stage and tag of the volatility service's readings, and the name that they are kept under."""


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """How much is measured: in each of ``count`` blocks ``decisions`` of each method, or as many as ``ns`` allow.

    ``hot cold`` pricings in a loop besides, the cold ones in every fourth block only.
    """

    count: int = BLOCKS
    decisions: int = 10
    ns: int = 60 * MILLISECOND
    hot: int = 8
    cold: int = 4


@dataclass(frozen=True, eq=False)
class Readings:
    """``ns`` int64[n], and the ``block`` int64[n] in which each was taken."""

    ns: Ints
    block: Ints

    def model(self, group: int, groups: int) -> Empirical:
        """The readings of every block whose turn it is; all of them where it has none."""
        mine = self.ns[self.block % groups == group]
        return Empirical(mine if len(mine) else self.ns)


@dataclass(frozen=True, kw_only=True, eq=False)
class Measurement:
    """What a method took here: readings by timing, stage and tag, and bytes of the process around ``bind``.

    ``taken`` decisions were timed, of which ``disturbed`` are not among the readings.
    """

    readings: Mapping[Key, Readings]
    taken: int = 0
    disturbed: int = 0
    rss_before: int = 0
    rss_bound: int = 0
    rss_peak: int = 0

    def profile(self, service: "Measurement", timing: Timing, groups: int) -> Profile:
        """Replay these readings; an update begins with a snapshot of the volatility ``service``.

        The blocks are dealt to ``groups``, of which each replicate has one: what differs between blocks is then among
        what differs between replicates.
        """
        whole = _profile(self, service, timing, 0, 1)
        return replace(whole, groups=tuple(_profile(self, service, timing, group, groups) for group in range(groups)))

    def models(self, timing: Timing, stage: str, group: int, groups: int) -> dict[str, LatencyModel]:
        """The models of a stage by tag."""
        return {
            tag: each.model(group, groups)
            for (how, of, tag), each in self.readings.items()
            if how is timing and of == stage
        }


def _profile(method: Measurement, service: Measurement, timing: Timing, group: int, groups: int) -> Profile:
    """What the readings of a group of blocks charge; only pricing has been timed otherwise than live."""

    def one(of: Measurement, stage: str) -> LatencyModel:
        return next(iter(of.models(Timing.LIVE, stage, group, groups).values()), ZERO)

    prices = method.models(timing, Stage.PRICE, group, groups)
    return Profile(
        price_by_tag=prices or method.models(Timing.HOT, Stage.PRICE, group, groups),
        update_model=Sum((one(service, SNAPSHOT), one(method, "update"))),
        feed=one(method, Stage.FEED),
        decide_by_tag=method.models(Timing.LIVE, Stage.DECIDE, group, groups) or {QUIET: ZERO},
        send=one(method, Stage.SEND),
    )


def measure_in_turn(
    methods: Mapping[str, Method],
    session: Session,
    strategies: Mapping[str, Strategy],
    *,
    between: Between | None = None,
    blocks: Blocks | None = None,
    progress: Progress = silent,
) -> tuple[dict[str, Measurement], Measurement]:
    """Bind the ``methods`` to the session's chain and time them, each at a desk of its strategy; and the service.

    The service's measurement is that of the volatility snapshots with which updates begin.
    """
    between, blocks = between or Between(), blocks or Blocks()
    with quiet():
        bound = {name: _bound(method, session) for name, method in methods.items()}
        foreign = between.foreign if between.foreign is not None else _desk_bytes(methods, session)
        neighbour = Neighbour(between, foreign)
        desks = {name: Rehearsal(method, session, strategies[name], neighbour) for name, method in methods.items()}
        snapshots = _Snapshots(session, neighbour)
        spots = cycle(_spots(session))
        leave, flush, order = flusher(Cache.HOT), flusher(Cache.COLD), list(desks)
        for desk in desks.values():
            desk.proceed(0, decisions=WARM, ns=SECOND)
        for block in range(blocks.count):
            progress(block, blocks.count, "measuring")
            snapshots.proceed(block)
            for name in order[block % len(order) :] + order[: block % len(order)] if order else ():
                desk = desks[name]
                desk.proceed(block, decisions=blocks.decisions, ns=blocks.ns)
                desk.price_in_a_loop(spots, leave, timing=Timing.HOT, warm=3, count=blocks.hot)
                if block % 4 == 0:
                    desk.price_in_a_loop(spots, flush, timing=Timing.COLD, warm=0, count=blocks.cold)
        progress(blocks.count, blocks.count, "measuring")
    measured = {name: _measurement(desk.notes, **bound[name], rss_peak=resident_peak()) for name, desk in desks.items()}
    return measured, _measurement(snapshots.notes)


class _Snapshots:
    """The volatility service, on the session's own books, a few snapshots at a time."""

    PER_BLOCK = 4

    def __init__(self, session: Session, neighbour: Neighbour) -> None:
        self.notes = Notes()
        self._session, self._neighbour, self._disturbance = session, neighbour, Disturbance()
        self._service = session.service(session.clock)
        self._next = len(session.states)

    def proceed(self, block: int) -> None:
        """Take some more."""
        states = self._session.states
        for _ in range(self.PER_BLOCK):
            if self._next >= len(states):
                self._book, self._cursor, self._next = empty_book(len(self._session.tape.chain) + 1), 0, 0
            state, before = states[self._next], states[max(self._next - 1, 0)]
            self._cursor = replay_rows(self._session.rows, self._session.clock, self._cursor, state.instant, self._book)
            self._next += max(1, len(states) // 100)
            self._neighbour.run(0)
            self._disturbance.watch()
            began = perf_counter_ns()
            self._service.snapshot(self._book, state.instant, before)
            ns = perf_counter_ns() - began
            self.notes.add(SNAPSHOT, SNAPSHOT, block, ns, disturbed=self._disturbance.happened())


def _bound(method: Method, session: Session) -> dict[str, int]:
    """Bind it and give it slow inputs; what binding made of the process's memory."""
    before = resident()
    method.bind(session.tape.chain)
    method.update(session.states[0])
    return {"rss_before": before, "rss_bound": resident()}


def _measurement(notes: Notes, **memory: int) -> Measurement:
    readings = {}
    for key, pairs in {**notes.spoilt, **notes.readings}.items():
        block, ns = np.array(pairs, dtype=np.int64).T
        readings[key] = Readings(ns=np.ascontiguousarray(ns), block=np.ascontiguousarray(block))
    return Measurement(readings=readings, taken=notes.taken, disturbed=notes.disturbed, **memory)


def _desk_bytes(methods: Mapping[str, Method], session: Session) -> int:
    """What the largest of the desks keeps resident: its method, its book and its contracts' arrays."""
    return max((method.nbytes for method in methods.values()), default=0) + 32 * 8 * len(session.tape.chain)


def _spots(session: Session) -> list[float]:
    """Spots that the tape really shows, in its order, at most a thousand."""
    _, twice_mid = underlying_path(session.rows)
    at = np.unique(np.linspace(0, len(twice_mid) - 1, 1000).round().astype(np.int64))
    return [float(s) / (2 * MICROS) for s in twice_mid[at].tolist()]
