"""The results database: simulations write Parquet, one process ingests it, readers open read-only."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from tradesim.errors import StoreError

TABLES: Final = (
    "comparisons",
    "contracts",
    "methods",
    "profiles",
    "runs",
    "decisions",
    "orders",
    "fills",
    "positions",
)
"""The fact tables, in the order of their dependence."""

PATIENCE: Final = 30.0
"""Seconds that a writer waits for another writer."""


def write_facts(frames: Mapping[str, pl.DataFrame], folder: Path, *, part: str) -> None:
    """Write each frame to ``folder/<table>-<part>.parquet``, for :meth:`Store.ingest`."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, frame in frames.items():
        frame.write_parquet(folder / f"{table}-{part}.parquet")


class Store:
    """A results database at ``path`` (one DuckDB file).

    ``StoreError`` where the file is no results database, is locked by a writer for too long, or a query is wrong.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def ingest(self, folder: Path) -> None:
        """Add all facts that ``folder`` holds as Parquet, in one transaction: all or nothing."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._writer() as connection:
            connection.execute("BEGIN")
            connection.execute(_sql("schema.sql"))
            connection.execute(_sql("views.sql"))
            for table in TABLES:
                parts = sorted(folder.glob(f"{table}-*.parquet"))
                if parts:
                    names = [str(part) for part in parts]
                    conflict = "OR IGNORE" if table == "contracts" else ""
                    connection.execute(
                        f"INSERT {conflict} INTO {table} BY NAME SELECT * FROM read_parquet(?)",
                        [names],
                    )
            connection.execute("COMMIT")

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pl.DataFrame:
        """The result of one query, read-only."""
        if not self.path.is_file():
            raise StoreError(f"{self.path}: there is no results database yet; run `tradesim compare` first")
        try:
            with duckdb.connect(str(self.path), read_only=True) as connection:
                relation = connection.sql(sql, params=list(parameters))
                return pl.DataFrame() if relation is None else pl.DataFrame(relation.to_arrow_table())
        except duckdb.Error as error:
            raise StoreError(f"{self.path}: {_first_line(error)}") from error

    @contextmanager
    def _writer(self) -> Iterator[duckdb.DuckDBPyConnection]:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                connection = duckdb.connect(str(self.path))
                break
            except duckdb.IOException as error:
                if "lock" not in str(error).lower() or time.monotonic() > deadline:
                    raise StoreError(f"{self.path}: {_first_line(error)}") from error
                time.sleep(0.2)
            except duckdb.Error as error:
                raise StoreError(f"{self.path}: {_first_line(error)}") from error
        try:
            yield connection
        except duckdb.Error as error:
            raise StoreError(f"{self.path}: {_first_line(error)}") from error
        finally:
            connection.close()


def _sql(name: str) -> str:
    return files("tradesim.results").joinpath(name).read_text(encoding="utf-8")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
