"""Own latency against the reaction of rivals: what is kept over both, and who earns more whatever rivals do."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl

from tradesim.errors import ArgumentError
from tradesim.experiments.asked import asked_by
from tradesim.experiments.compare import Comparison, begun
from tradesim.experiments.kept import share_kept, standing, time_on_wires
from tradesim.experiments.options import Options
from tradesim.experiments.plan import CURVE, Plan
from tradesim.experiments.preparation import in_workspace, prepare_study
from tradesim.experiments.replay import Role, jobs_of
from tradesim.market.synthetic import SyntheticMarket
from tradesim.methods.spec import Given
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Floats
from tradesim.results.store import finite
from tradesim.simulation.session import open_session
from tradesim.simulation.wires import Wires
from tradesim.units import MICROSECOND, MILLISECOND, formatted

METHODS: Final = ("analytic", "analytic-slice", "curve", "grid", "lightgbm")
"""Placed on the map."""

REACTIONS: Final = (10 * MICROSECOND, 30 * MICROSECOND, 100 * MICROSECOND, MILLISECOND, 10 * MILLISECOND)
"""Medians of the makers' reaction, beyond its fixed part; ns."""

LATENCIES: Final = tuple(ns for ns in CURVE if ns <= 10 * MILLISECOND and ns not in {3 * MICROSECOND, 3 * MILLISECOND})

SHARES: Final = (0.99, 0.95, 0.9, 0.75, 0.5, 0.25, 0.1)
"""Of the P&L at zero compute latency: each is a line of the map."""

FINE: Final = 41
"""Reactions at which a line of the formula is found, evenly over their logarithm."""


@dataclass(frozen=True, kw_only=True)
class Rivals:
    """Comparisons on markets that differ in the makers' reaction alone, which ascends; ``wires`` are those of all.

    A comparison has no runs of a method at zero latency, nor of reference prices at a method's: no effects.
    """

    comparisons: tuple[Comparison, ...]
    markets: tuple[SyntheticMarket, ...]
    wires: Wires

    @property
    def table(self) -> pl.DataFrame:
        """One row per ``reaction`` and compute latency (``compute_ns``; both ns), of reference prices.

        ``pnl`` currency per seed, ``kept`` its share of the P&L at zero compute latency with its ``standard_error``,
        both NULL where there is none; ``analytic`` the share by :func:`~tradesim.experiments.kept.share_kept`.
        """
        rows = self._view("kept_share", "compute_ns").filter(role="curve").sort("reaction", "compute_ns")
        return rows.select(
            "reaction", "compute_ns", "seeds", "pnl", "kept", "standard_error", self._analytic(rows, "compute_ns")
        )

    @property
    def methods(self) -> pl.DataFrame:
        """One row per ``reaction`` and ``method``, at its own latency (median ``to_wire_p50`` ns).

        ``pnl kept standard_error`` as above, ``analytic`` by the formula at its median latency.
        """
        taken = self._view("method_latency", "method").select("comparison", "method", "to_wire_p50")
        places = self._view("methods", "position").select("comparison", "method", "position")
        own = self._view("kept_share", "method").filter(role="own")
        rows = own.join(taken, on=["comparison", "method"]).join(places, on=["comparison", "method"])
        rows = rows.sort("reaction", "position")
        columns = ("reaction", "method", "to_wire_p50", "seeds", "pnl", "kept", "standard_error")
        return rows.select(*columns, self._analytic(rows, "to_wire_p50"))

    @property
    def differences(self) -> pl.DataFrame:
        """What each method earned more than each later one, one row per pair and ``reaction``; currency per seed.

        ``mean low high`` are the mean over seeds and its 95 % interval. ``sign`` is +1 or -1 where the
        interval says which of the two earns more, and 0 where it does not.
        """
        order = {method: place for place, method in enumerate(self.methods["method"].unique(maintain_order=True))}
        rows = self._view("method_difference", "method").filter(
            pl.col("method").replace_strict(order) < pl.col("rival").replace_strict(order)
        )
        sign = pl.when(pl.col("low") > 0).then(1).when(pl.col("high") < 0).then(-1).otherwise(0)
        return rows.select("method", "rival", "reaction", "seeds", "mean", "low", "high", sign=sign).sort(
            pl.col("method").replace_strict(order), pl.col("rival").replace_strict(order), "reaction"
        )

    @property
    def lines(self) -> pl.DataFrame:
        """Where a ``share`` is kept by the formula: points (``compute_ns``, ``reaction``) along each line.

        A line ends where it leaves the latencies or the reactions tried.
        """
        tried = self.table["compute_ns"].to_numpy()
        latencies = np.geomspace(tried[tried > 0].min(), tried.max(), 10 * FINE)
        medians = np.geomspace(self.markets[0].delay_median, self.markets[-1].delay_median, FINE)
        rows = [
            {
                "share": share,
                "compute_ns": float(np.exp(np.interp(-share, -kept, np.log(latencies)))),
                "reaction": median,
            }
            for median in medians.tolist()
            for kept in [self._kept(replace(self.markets[0], delay_median=round(median)), latencies)]
            for share in SHARES
            if kept[-1] <= share <= kept[0]
        ]
        schema = dict.fromkeys(("share", "compute_ns", "reaction"), pl.Float64)
        return pl.DataFrame(rows, schema=schema).sort("share", "reaction", descending=[True, False])

    def to_json(self) -> str:
        """All of it as one JSON object."""
        parts = {name: getattr(self, name).to_dicts() for name in ("table", "methods", "differences", "lines")}
        names = [comparison.name for comparison in self.comparisons]
        facts = {name: value for name, value in self.comparisons[0].facts.items() if name != "comparison"}
        return json.dumps(finite(facts | {"comparisons": names} | parts), indent=2, allow_nan=False)

    def _view(self, view: str, order: str) -> pl.DataFrame:
        """The rows of all comparisons, each with its ``reaction``."""
        names = [comparison.name for comparison in self.comparisons]
        return self.comparisons[0].store.query(
            f"SELECT r.delay_median AS reaction, v.* FROM {view} v JOIN market_reaction r USING (comparison) "
            f"WHERE comparison IN ({', '.join('?' * len(names))}) ORDER BY reaction, v.{order}",
            names,
        )

    def _kept(self, market: SyntheticMarket, latencies: Floats) -> Floats:
        return share_kept(latencies, wires=time_on_wires(self.wires), stands=standing(market))

    def _analytic(self, rows: pl.DataFrame, column: str) -> pl.Series:
        markets = {market.delay_median: market for market in self.markets}
        pairs = rows.select("reaction", column).iter_rows()
        found = [float(self._kept(markets[reaction], np.array([ns]))[0]) for reaction, ns in pairs]
        return pl.Series("analytic", found, dtype=pl.Float64)


def rivals(
    *,
    methods: Sequence[Given] = METHODS,
    reactions: Sequence[int] = REACTIONS,
    latencies: Sequence[int] = LATENCIES,
    **options: Any,
) -> Rivals:
    """What a compute latency costs where the makers are faster or slower, and who earns more whatever they are.

    Generated markets that differ in ``delay_median`` alone, under the same seeds: moves, noise trades and the draws
    behind the makers' delays are the same in all. On each, reference prices are replayed at fixed latencies and each
    method at its own, which is measured once, on the first, and is the same in all.

    ``methods``    held against each other, each at its own latency
    ``reactions``  medians of the makers' reaction beyond its fixed part, ns, at least two
    ``latencies``  compute latencies of reference prices, ns, from 0 up
    ``options``    those of :class:`~tradesim.experiments.options.Options`; the market is all but the makers' median

    What is raised is as of :func:`tradesim.compare`. Every run is stored, all or nothing.
    """
    medians, columns = sorted(reactions), sorted(latencies)
    if len(set(medians)) < 2 or len(set(medians)) < len(medians) or medians[0] <= 0:
        raise ArgumentError(f"reactions {listed(reactions)}: give two or more above 0, none twice, as 10us,100us,1ms")
    if len(set(columns)) < 2 or columns[0] != 0:
        raise ArgumentError(f"latencies {listed(latencies)}: they are whole ns, 0 and at least one more")
    asked = asked_by(options).generated("the makers' reaction")
    with asked.blamed():
        plan = asked.plan(methods, curve=columns)
        assert isinstance(plan.source, SyntheticMarket)
        markets = tuple(replace(plan.source, delay_median=median) for median in medians)
        made = _made([replace(plan, source=each) for each in markets], medians, asked.options)
    return Rivals(comparisons=made, markets=markets, wires=plan.setting.wires)


def listed(amounts: Sequence[int]) -> str:
    """Durations for people, separated by commas."""
    return ", ".join(formatted(ns) for ns in amounts) or "(none)"


def _made(plans: Sequence[Plan], medians: Sequence[int], asked: Options) -> tuple[Comparison, ...]:
    """A comparison for each plan, by latencies that are measured once."""
    first, jobs, progress = plans[0], asked.jobs, asked.progress
    with in_workspace(first, db=asked.db, jobs=jobs, progress=progress) as work:
        ready = prepare_study(first, work, measuring=first.labels, progress=progress)
        made = []
        for plan, median in zip(plans, medians, strict=True):
            here = replace(work, name=f"{work.name}-{median}")
            seed = plan.seeds[0]
            session = open_session(plan.tape(seed), PROBLEMS[plan.problem], plan.setting, seed=seed)
            replay = begun(plan, here, replace(ready, session=session), jobs=jobs, progress=progress)
            runs = [job for job in jobs_of(plan) if job.role in {Role.ORACLE, Role.OWN, Role.CURVE}]
            replay.all(dict.fromkeys(plan.seeds, runs), f"replaying at {median} ns")
            made.append(Comparison(name=here.name, store=work.store))
    return tuple(made)
