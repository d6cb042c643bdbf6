"""What error and latency cost together: P&L over both, and the lines along which it is the same."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from tradesim.errors import ArgumentError
from tradesim.experiments.asked import asked_by
from tradesim.experiments.compare import Comparison, make
from tradesim.experiments.crossing import crossing, falling, places
from tradesim.experiments.plan import CURVE
from tradesim.experiments.replay import Job, Role
from tradesim.methods.inexact import stated_options
from tradesim.methods.spec import Given
from tradesim.pricing.problem import Floats
from tradesim.results.store import finite
from tradesim.units import MILLISECOND

METHODS: Final = ("analytic", "analytic-slice", "grid", "lightgbm")
"""Placed on the map."""

ERRORS: Final = (0.001, 0.002, 0.004, 0.006, 0.008, 0.012, 0.02, 0.04)
"""Root mean squares, currency: around the default edge of the rule, 0.0075."""

LATENCIES: Final = tuple(ns for ns in CURVE if ns <= 3 * MILLISECOND)

SHARES: Final = (0.99, 0.95, 0.9, 0.75, 0.5, 0.25, 0.0)
"""Of what perfect prices earn at once: the P&L of each line."""


@dataclass(frozen=True, kw_only=True)
class IsoPnl:
    """P&L over latency and error, and the comparison whose runs it is found from."""

    comparison: Comparison

    @property
    def table(self) -> pl.DataFrame:
        """One row an error (currency) and latency (ns): the view ``iso_pnl``, money in currency a seed."""
        return self.comparison.store.query(
            "SELECT * EXCLUDE (comparison) FROM iso_pnl WHERE comparison = ? ORDER BY error, compute_ns",
            [self.comparison.name],
        )

    @property
    def methods(self) -> pl.DataFrame:
        """Where they stand: ``to_wire_p50`` ns, ``error_rms`` currency, ``pnl_mean``; ``foretold``: P&L by the map."""
        placed = self.comparison.table.select("method", "to_wire_p50", "error_rms", "pnl_mean").drop_nulls()
        surface = Surface.of(self.table)
        told = [surface.at(error, ns) for ns, error in placed.select("to_wire_p50", "error_rms").iter_rows()]
        return placed.with_columns(foretold=pl.Series(told, dtype=pl.Float64))

    @property
    def lines(self) -> pl.DataFrame:
        """Points of the iso-P&L curves, along each: ``share`` of what perfect prices earn at once, ``pnl`` (its
        money), ``compute_ns`` and ``error``."""
        surface = Surface.of(self.table)
        rows = [
            {"share": share, "pnl": share * surface.pnl[0, 0], "compute_ns": ns, "error": error}
            for share in SHARES
            for ns, error in surface.line(share * surface.pnl[0, 0])
        ]
        return pl.DataFrame(
            rows, schema={"share": pl.Float64, "pnl": pl.Float64, "compute_ns": pl.Float64, "error": pl.Float64}
        )

    def to_json(self) -> str:
        """All of it as one JSON object."""
        parts = {
            "iso_pnl": self.table.to_dicts(),
            "lines": self.lines.to_dicts(),
            "methods": self.methods.to_dicts(),
        }
        return json.dumps(finite(self.comparison.facts | parts), indent=2, allow_nan=False)


@dataclass(frozen=True, kw_only=True)
class Surface:
    """Mean P&L over errors and latencies, put in falling order along both.

    ``errors`` float64[e], currency, and ``latencies`` int64[l], ns, ascending from 0; ``pnl`` float64[e, l].
    """

    errors: Floats
    latencies: Floats
    pnl: Floats

    @classmethod
    def of(cls, table: pl.DataFrame) -> "Surface":
        """Of the view ``iso_pnl``. Rows in falling order stay so when columns are put in it: the fit keeps order."""
        errors, latencies = (
            table[name].unique().sort().to_numpy().astype(np.float64) for name in ("error", "compute_ns")
        )
        pnl = table.sort("error", "compute_ns")["pnl"].to_numpy().reshape(len(errors), len(latencies))
        by_latency = np.apply_along_axis(falling, 1, pnl)
        return cls(errors=errors, latencies=latencies, pnl=np.apply_along_axis(falling, 0, by_latency))

    def line(self, level: float) -> list[tuple[float, float]]:
        """Where P&L is ``level``: points (ns, currency), latency ascending, error descending.

        They are where the line leaves each row and each column of the table.
        """
        along = [
            (crossing(self.latencies, row - level), error) for error, row in zip(self.errors, self.pnl, strict=True)
        ]
        across = [(ns, crossing(self.errors, self.pnl[:, k] - level)) for k, ns in enumerate(self.latencies)]
        return sorted(
            {point for point in along + across if np.isfinite(point).all()}, key=lambda point: (point[0], -point[1])
        )

    def at(self, error: float, ns: float) -> float | None:
        """P&L between the rows and columns, straight over :func:`places`; None beyond them."""
        if not (error <= self.errors[-1] and ns <= self.latencies[-1]):
            return None
        across = [
            np.interp(_place(ns, self.latencies), places(self.latencies, self.latencies), row) for row in self.pnl
        ]
        return float(np.interp(_place(error, self.errors), places(self.errors, self.errors), across))


def _place(amount: float, tried: Floats) -> float:
    return float(places(np.array([amount]), tried)[0])


def iso(
    *,
    methods: Sequence[Given] = METHODS,
    errors: Sequence[float] = ERRORS,
    latencies: Sequence[int] = LATENCIES,
    **options: Any,
) -> IsoPnl:
    """P&L over compute latency and price error, on generated markets, and where the methods stand on it.

    Reference prices are made wrong by a stated amount (:class:`~tradesim.methods.inexact.Inexact`, another error in
    each market) and replayed at fixed latencies, updates taking none.

    ``methods``    placed on the map by their own latency and error
    ``errors``     root mean squares, currency, above 0; the row without error is always there
    ``latencies``  compute latencies, ns, from 0 up
    ``options``    those of :class:`~tradesim.experiments.options.Options`

    What is raised is as of :func:`tradesim.compare`. All runs are stored as a comparison.
    """
    rows, columns = parse_errors(errors), sorted(latencies)
    if len(set(columns)) < 2 or columns[0] != 0:
        raise ArgumentError(f"latencies {list(latencies)}: they are whole ns, 0 and at least one more")
    asked = asked_by(options).generated("a map of errors")
    with asked.blamed():
        plan = asked.plan(methods, curve=columns)
        wrong = {
            seed: [
                Job(method=f"inexact:{error:.12g}:{seed}", role=Role.FIXED, compute_ns=ns, error=error)
                for error in rows
                for ns in columns
            ]
            for seed in plan.seeds
        }
        return IsoPnl(comparison=make(plan, asked.options, further=(lambda _: wrong,)))


def parse_errors(stated: Sequence[float | str]) -> list[float]:
    """Errors, currency, ascending, of numbers or their texts; ``ArgumentError`` where they are no errors above 0."""
    errors = sorted(float(stated_options([str(each)])["error"]) for each in stated)
    if not errors or errors[0] <= 0 or len(set(errors)) < len(errors):
        raise ArgumentError(f"errors {', '.join(map(str, stated))}: they are above 0, at least one, none twice")
    return errors
