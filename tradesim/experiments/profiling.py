"""Latency profiles as values: taken on one machine, kept in a file, stated on another."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tradesim.errors import ArgumentError
from tradesim.experiments.asked import asked_by
from tradesim.experiments.latency_spec import about_profile
from tradesim.experiments.manifest import plain
from tradesim.experiments.measure import measure_in_turn
from tradesim.experiments.plan import DEFAULT_METHODS
from tradesim.experiments.profiles import write_profile
from tradesim.home import data_home
from tradesim.methods.by_style import method_for, options_of
from tradesim.methods.spec import Given
from tradesim.pricing import PROBLEMS
from tradesim.results.store import check_place
from tradesim.simulation.session import open_session


def measure(path: Path | str, *, methods: Sequence[Given] = DEFAULT_METHODS, **options: Any) -> dict[str, Any]:
    """Time ``methods`` on this machine as decisions happen, and write the profile file ``path`` (.parquet).

    ``latency=path`` of :func:`tradesim.compare` then replays it, here or elsewhere. Returns what the file says of
    itself: the machine, the versions, what was decided on, and of each method how many decisions were timed, and
    disturbed. ``options`` are those of :class:`~tradesim.experiments.options.Options`; the first seed is timed.
    """
    path = Path(path)
    if path.suffix != ".parquet":
        raise ArgumentError(f"{path}: a profile is a Parquet file; name it {path.stem or 'profile'}.parquet")
    check_place(path)
    asked = asked_by(options)
    progress = asked.options.progress
    plan = asked.plan(methods, curve=())
    chosen, home = PROBLEMS[plan.problem], data_home()
    ticks = plan.tape(plan.seeds[0])
    made = {each.label: method_for(each, chosen, ticks.chain, home, progress, plan.outside) for each in plan.methods}
    session = open_session(ticks, chosen, plan.setting, seed=plan.seeds[0], progress=progress)
    strategies = {name: plan.strategy(name) for name in made}
    measured, service = measure_in_turn(made, session, strategies, between=plan.between, progress=progress)
    about = {
        "problem": options_of(chosen, session.tape.chain),
        "tape": session.tape.source,
        "contracts": len(session.tape.chain),
        "trading": plain(plan.trading),
        "between": str(plan.between),
    }
    write_profile(path, measured, service, about)
    return about_profile(path)


def percentiles(rows: pl.DataFrame) -> pl.DataFrame:
    """Of a profile's rows: count, p50, p90, p99, p99.9 and max, ns, by method, timing, stage and tag."""
    return (
        rows.explode("measurements")
        .group_by("method", "timing", "stage", "tag", maintain_order=True)
        .agg(
            pl.len().alias("count"),
            *(
                pl.col("measurements").quantile(share, "higher").cast(pl.Int64).alias(name)
                for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("max", 1.0))
            ),
        )
    )


def read_percentiles(path: Path | str) -> pl.DataFrame:
    """The :func:`percentiles` of a profile file."""
    return percentiles(pl.read_parquet(Path(path)))
