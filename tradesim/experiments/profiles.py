"""Latency profiles as rows of the table ``profiles``, and back: what lets a replay be made again, here or elsewhere."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from tradesim.errors import ArgumentError
from tradesim.experiments.latency_spec import ABOUT, Filed
from tradesim.experiments.manifest import host, versions
from tradesim.experiments.measure import SNAPSHOT, Measurement, Readings
from tradesim.experiments.timing import Timing
from tradesim.market.chain import Chain
from tradesim.methods.by_style import options_of
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Problem
from tradesim.results.store import Store

COLUMNS: Final = ("method", "stage", "tag", "timing", "block", "measurements")


def profile_frame(measured: Mapping[str, Measurement], service: Measurement) -> pl.DataFrame:
    """One row for each method, stage, tag, timing and block: its readings, ns, ascending.

    The service's readings stand with every method, which they delay.
    """
    frames = [
        _rows(method, key, readings)
        for method, measurement in measured.items()
        for key, readings in {**measurement.readings, **service.readings}.items()
    ]
    return pl.concat(frames) if frames else pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.Null))


def _rows(method: str, key: tuple[Timing, str, str], readings: Readings) -> pl.DataFrame:
    timing, stage, tag = key
    return (
        pl.DataFrame({"block": readings.block, "measurements": readings.ns})
        .group_by("block", maintain_order=True)
        .agg(pl.col("measurements").sort())
        .select(
            pl.lit(method).alias("method"),
            pl.lit(str(stage)).alias("stage"),
            pl.lit(tag).alias("tag"),
            pl.lit(str(timing)).alias("timing"),
            pl.col("block").cast(pl.Int32),
            "measurements",
        )
    )


def with_readings(
    measured: Mapping[str, Measurement], rows: pl.DataFrame, counts: Mapping[str, Mapping[str, int]]
) -> tuple[dict[str, Measurement], Measurement]:
    """``measured`` with the readings of a profile's ``rows`` in place of its own, and those of the service.

    ``counts`` are the decisions of each method that were timed then, and disturbed; none where that was not kept.
    """
    found: dict[str, dict[tuple[Timing, str, str], Readings]] = {}
    for (method, stage, tag, timing), group in rows.sort("block").group_by(COLUMNS[:4], maintain_order=True):
        ns = group["measurements"].explode().to_numpy().astype(np.int64)
        block = np.repeat(group["block"].to_numpy(), group["measurements"].list.len().to_numpy()).astype(np.int64)
        found.setdefault(str(method), {})[Timing(str(timing)), str(stage), str(tag)] = Readings(ns, block)
    kept = {
        method: replace(
            item,
            readings=_of(found[method], snapshots=False),
            taken=counts.get(method, {}).get("decisions", 0),
            disturbed=counts.get(method, {}).get("disturbed", 0),
        )
        for method, item in measured.items()
    }
    return kept, Measurement(readings=_of(next(iter(found.values())), snapshots=True))


def _of(
    readings: Mapping[tuple[Timing, str, str], Readings], *, snapshots: bool
) -> dict[tuple[Timing, str, str], Readings]:
    return {key: each for key, each in readings.items() if (key[1] == SNAPSHOT) is snapshots}


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What latencies are taken on: so many ``contracts``, which are ``options`` as ``options_of`` tells them."""

    options: str
    contracts: int

    @classmethod
    def on(cls, problem: Problem, chain: Chain) -> "Taken":
        """What a decision on ``chain`` prices."""
        return cls(options=options_of(problem, chain), contracts=len(chain))


def stored_rows(store: Store, comparison: str, methods: Iterable[str], wanted: Taken) -> pl.DataFrame:
    """The profile of a stored ``comparison``; ``ArgumentError`` where it lacks one of ``methods``, or was taken on
    other options than ``wanted``, or another number of them.
    """
    rows = store.query(f"SELECT {', '.join(COLUMNS)} FROM profiles WHERE comparison = ?", [comparison])
    what = f"latency profile:{comparison}"
    held = _holding(
        rows,
        methods,
        what,
        "name a comparison of this database that measured it (tradesim sql 'SELECT comparison, method FROM profiles')",
    )
    _check_taken(what, _stored_chains(store, comparison), wanted)
    return held


def _stored_chains(store: Store, comparison: str) -> list[Taken]:
    """What a stored comparison or race was taken on: each chain that it ran on, once."""
    rows = store.query(
        "SELECT problem, c.* FROM contracts c JOIN (SELECT DISTINCT tape_hash, problem FROM runs JOIN "
        "(SELECT comparison, problem FROM comparisons UNION ALL SELECT race, problem FROM races) USING (comparison) "
        "WHERE comparison = ?) USING (tape_hash) ORDER BY tape_hash, contract",
        [comparison],
    )
    return [
        Taken.on(PROBLEMS[str(problem)], _chain_of(group))
        for (_, problem), group in rows.group_by(["tape_hash", "problem"], maintain_order=True)
    ]


def _chain_of(contracts: pl.DataFrame) -> Chain:
    """The chain of rows of the table ``contracts``, multipliers apart."""
    return Chain(
        name=tuple(contracts["name"]),
        strike=contracts["strike"].to_numpy(),
        expiry=contracts["expiry"].to_numpy(),
        right=contracts["right"].to_numpy(),
        style=contracts["style"].to_numpy(),
        multiplier=np.ones(len(contracts), dtype=np.int64),
    )


def stored_counts(store: Store, comparison: str) -> dict[str, dict[str, int]]:
    """Of each method of a stored comparison how many decisions were timed, and disturbed."""
    rows = store.query("SELECT method, readings, disturbed FROM methods WHERE comparison = ?", [comparison]).rows()
    return {method: {"decisions": timed, "disturbed": disturbed} for method, timed, disturbed in rows}


def read_profile(filed: Filed, methods: Iterable[str], wanted: Taken) -> pl.DataFrame:
    """The rows of a profile file.

    ``ArgumentError`` where it is none, lacks one of ``methods``, or was taken on other options than ``wanted``, or
    another number of them.
    """
    path, what = filed.path, f"latency {filed.path}"
    try:
        rows = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ArgumentError(f"{what}: it cannot be read ({str(error).splitlines()[0]}); {_MAKE}") from error
    if not set(COLUMNS) <= set(rows.columns):
        raise ArgumentError(f"{what}: its columns are {', '.join(rows.columns)}, not a profile's; {_MAKE}")
    if not {"problem", "contracts", "methods"} <= set(filed.about):
        raise ArgumentError(f"{what}: it does not say what it was taken of; {_MAKE}")
    _check_taken(what, [Taken(options=filed.about["problem"], contracts=filed.about["contracts"])], wanted)
    return _holding(rows.select(COLUMNS), methods, what, _MAKE)


_MAKE: Final = "make a profile with tradesim measure METHODS -o PATH"


def _holding(rows: pl.DataFrame, methods: Iterable[str], what: str, mend: str) -> pl.DataFrame:
    missing = [method for method in methods if method not in set(rows["method"])]
    if missing:
        raise ArgumentError(f"{what}: it has no profile of {missing[0]!r}; {mend}")
    return rows


def _check_taken(what: str, taken: list[Taken], wanted: Taken) -> None:
    """What a decision takes depends on which options it prices, and on how many of them."""
    of = {each.options for each in taken}
    if wanted.options not in of:
        raise ArgumentError(
            f"{what}: it is of {' and '.join(sorted(of))} options, and these are {wanted.options}; {_MAKE}"
        )
    sizes = {each.contracts for each in taken if each.options == wanted.options}
    if wanted.contracts not in sizes:
        of_sizes = ", ".join(f"{count:,}" for count in sorted(sizes))
        raise ArgumentError(
            f"{what}: it is of a chain of {of_sizes} contracts, and this one has {wanted.contracts:,}; {_MAKE}"
        )


def write_profile(
    path: Path, measured: Mapping[str, Measurement], service: Measurement, about: Mapping[str, Any]
) -> None:
    """Write a profile file: the readings, with the machine, the versions, ``about`` and what was disturbed."""
    counts = {name: {"decisions": each.taken, "disturbed": each.disturbed} for name, each in measured.items()}
    text = json.dumps({"host": host(), "versions": versions(), **about, "methods": counts})
    part = path.with_name(f"{path.name}.part")
    profile_frame(measured, service).write_parquet(part, metadata={ABOUT: text})
    part.replace(path)
