"""How long a method may think before another one, at its own latency, earns as much: its break-even latency."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.experiments.asked import asked_by
from tradesim.experiments.compare import Comparison, make
from tradesim.experiments.crossing import ALWAYS, NEVER, between, crossing, reaching
from tradesim.experiments.parallel import Jobs
from tradesim.experiments.plan import CURVE, Plan
from tradesim.experiments.replay import Job, Role
from tradesim.methods.spec import Given, specs
from tradesim.pricing.problem import Floats
from tradesim.results.store import Store, finite

METHODS: Final = ("analytic", "analytic-slice", "grid", "lightgbm")
"""Compute whole, compute split at the spot, look up, learn."""

CLOSER: Final = 7
"""Latencies that are tried between the two of the grid between which a break-even lies."""


@dataclass(frozen=True, kw_only=True)
class BreakEven:
    """Break-even latencies of the pairs (method, rival), and the comparison whose runs they are found from."""

    comparison: Comparison
    pairs: tuple[tuple[str, str], ...]

    @property
    def table(self) -> pl.DataFrame:
        """One row a pair; latencies in ns, money in currency a seed, errors in currency.

        ``answer``  ``latency``: the break-even is ``break_even``; ``never``: the rival earns more than the method does
        at zero latency; ``always``: no more than the method does at the slowest latency tried; ``not identified``: the
        tape cannot tell such latencies apart.
        ``low high`` the ends of its 95 % interval where they are latencies; ``low_answer`` and ``high_answer`` say, and
        are ``unknown`` below five seeds.
        """
        return pl.DataFrame(self._rows(), infer_schema_length=None)

    @property
    def curves(self) -> pl.DataFrame:
        """What each method earned more than each rival at each fixed latency: the view ``fixed_difference``."""
        rivals = sorted({rival for _, rival in self.pairs})
        return self.comparison.store.query(
            f"SELECT * FROM fixed_difference WHERE comparison = ? AND rival IN ({', '.join('?' * len(rivals))}) "
            "ORDER BY method, rival, compute_ns",
            [self.comparison.name, *rivals],
        )

    def to_json(self) -> str:
        """All of it as one JSON object."""
        parts = {"break_even": self.table.to_dicts(), "curves": self.curves.to_dicts()}
        return json.dumps(finite(self.comparison.facts | parts), indent=2, allow_nan=False)

    def _rows(self) -> list[dict[str, Any]]:
        differences = differences_by_pair(self.curves)
        methods = self.comparison.table.rows_by_key("method", named=True, unique=True)
        resolution = self.comparison.facts["resolution"]
        return [
            {
                "method": method,
                "rival": rival,
                **{name: methods[method][name] for name in ("error_rms", "price_p50", "pnl_mean")},
                **{f"rival_{name}": methods[rival][name] for name in ("price_p50", "pnl_mean")},
                **answers(
                    differences[method, rival], resolution=resolution, identified=bool(methods[rival]["identified"])
                ),
            }
            for method, rival in self.pairs
        ]


def break_even(
    *,
    methods: Sequence[Given] = METHODS,
    against: Sequence[Given] | None = None,
    latencies: Sequence[int] = CURVE,
    **options: Any,
) -> BreakEven:
    """For each of ``methods`` the compute latency at which it earns what each rival earns at the rival's own latency.

    Found by simulation, paired on tapes and seeds: each method's prices are replayed at fixed latencies, first over all
    of ``latencies``, then closer around each break-even. Its ``update`` takes what it was measured to. The break-even
    is where the mean difference over seeds, in falling order, is zero; its interval is of those latencies at which the
    95 % interval of the paired difference (the view ``fixed_difference``) has zero in it.

    ``against``    the rivals; by default every method is held against every other one. A method may be its own rival
    ``latencies``  fixed compute latencies, ns, from 0 up
    ``options``    those of :class:`~tradesim.experiments.options.Options`

    What is raised is as of :func:`tradesim.compare`. All runs are stored as a comparison.
    """
    asked, mine = asked_by(options), specs(methods)
    rivals = None if against is None else specs(against)
    grid = _grid(latencies)
    labels = [spec.label for spec in mine]
    pairs = _pairs(labels, None if rivals is None else [spec.label for spec in rivals])
    with asked.blamed():
        plan = asked.plan(tuple({spec.label: spec for spec in (*mine, *(rivals or ()))}.values()), curve=())
        coarse = dict.fromkeys(plan.seeds, _fixed(dict.fromkeys(labels, grid)))
        return BreakEven(
            comparison=make(plan, asked.options, further=(lambda _: coarse, _closer(plan, pairs))), pairs=pairs
        )


_MEANS: Final = """
    SELECT key.method AS method, key.rival AS rival, key.compute_ns AS compute_ns, mean
    FROM paired_moments(fixed_differences_long)
"""


def differences_by_pair(curves: pl.DataFrame) -> dict[tuple[str, str], pl.DataFrame]:
    """The rows of each pair (method, rival), latency ascending."""
    return {
        (str(method), str(rival)): rows.sort("compute_ns")
        for (method, rival), rows in curves.group_by("method", "rival")
    }


def _grid(latencies: Sequence[int]) -> list[int]:
    grid = sorted(latencies)
    if len(set(grid)) < 2 or grid[0] != 0 or len(set(grid)) < len(grid):
        raise ArgumentError(f"latencies {list(latencies)}: they are whole ns, 0 and at least one more, none twice")
    return grid


def _pairs(methods: Sequence[str], against: Sequence[str] | None) -> tuple[tuple[str, str], ...]:
    if against is not None:
        return tuple((method, rival) for method in methods for rival in against)
    if len(methods) < 2:
        raise ArgumentError(f"methods {methods[0]}: nothing stands against it; name a second one, or one in against")
    return tuple((method, rival) for method in methods for rival in methods if method != rival)


def _fixed(latencies: Mapping[str, Sequence[int]]) -> list[Job]:
    return [
        Job(method=method, role=Role.FIXED, compute_ns=ns)
        for method, tried in latencies.items()
        for ns in sorted(tried)
    ]


def _closer(plan: Plan, pairs: Sequence[tuple[str, str]]) -> Callable[[Store], Jobs]:
    """The runs around each pair's break-even, as the coarse grid tells it."""

    def jobs(draft: Store) -> Jobs:
        differences = differences_by_pair(draft.query(_MEANS))
        wanted: dict[str, set[int]] = {}
        for method, rival in pairs:
            rows = differences[method, rival]
            tried = rows["compute_ns"].to_numpy()
            wanted.setdefault(method, set()).update(between(tried, crossing(tried, rows["mean"].to_numpy()), CLOSER))
        return dict.fromkeys(plan.seeds, _fixed({method: sorted(ns) for method, ns in wanted.items()}))

    return jobs


def answers(rows: pl.DataFrame, *, resolution: int, identified: bool) -> dict[str, Any]:
    """What :attr:`BreakEven.table` says of one pair, from its rows of ``fixed_difference``, latency ascending.

    ``resolution``  ns that the tape can tell apart
    ``identified``  whether it can tell the rival's own latency from zero
    """
    tried = rows["compute_ns"].to_numpy()
    root = crossing(tried, rows["mean"].to_numpy())
    if not identified or (resolution > 1 and np.isfinite(root) and root < resolution):
        unknown = {"low_answer": "not identified", "low": None, "high_answer": "not identified", "high": None}
        return {"answer": "not identified", "break_even": None, **unknown}
    answer, latency = _spoken(root)
    low, high = _end(reaching, tried, rows["low"]), _end(crossing, tried, rows["high"])
    return {
        "answer": answer,
        "break_even": latency,
        "low_answer": low[0],
        "low": low[1],
        "high_answer": high[0],
        "high": high[1],
    }


def _end(
    find: Callable[[NDArray[np.int64], Floats], float], tried: NDArray[np.int64], money: pl.Series
) -> tuple[str, float | None]:
    """The end of the interval that ``find`` finds: where the interval of the difference begins or ceases to hold 0."""
    return ("unknown", None) if money.null_count() else _spoken(find(tried, money.to_numpy()))


def _spoken(root: float) -> tuple[str, float | None]:
    return {NEVER: "never", ALWAYS: "always"}.get(root, "latency"), root if np.isfinite(root) else None
