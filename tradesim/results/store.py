"""The results database: simulations write Parquet, one process ingests it, readers open read-only."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

import duckdb
import polars as pl

from tradesim.errors import ArgumentError, StoreError

TABLES: Final = (
    "comparisons",
    "contracts",
    "methods",
    "profiles",
    "runs",
    "races",
    "desks",
    "decisions",
    "orders",
    "fills",
    "markouts",
    "settlements",
    "positions",
    "frontiers",
    "contenders",
    "stages",
    "errors",
    "breaches",
)
"""The fact tables, in the order of their dependence."""

PATIENCE: Final = 30.0
"""Seconds to wait for another process that is writing."""


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
        with self._connection(read_only=False) as connection:
            connection.execute("BEGIN")
            for script in ("schema.sql", "latency_views.sql", "views.sql"):
                connection.execute(_sql(script))
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

    def check(self) -> None:
        """Raise ``StoreError`` now for what would stop :meth:`ingest` later; write nothing."""
        if self.path.exists():
            columns = self.query(_COLUMNS).rows()
            tables = [table for table, _ in columns]
            if tables and TABLES[0] not in tables:
                raise StoreError(f"{self.path}: it holds other tables ({tables[0]}), not results; name another file")
            if tables and set(columns) != _schema_columns():
                raise StoreError(
                    f"{self.path}: another version of tradesim made it; name another file, or delete this one"
                )
        check_place(self.path)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pl.DataFrame:
        """The result of one ``SELECT``, read-only."""
        if self.path.is_dir():
            raise StoreError(f"{self.path}: it is a folder; name a results database, a file")
        if not self.path.exists():
            raise StoreError(f"{self.path}: there is no results database yet; run `tradesim compare` first")
        if not _is_duckdb(self.path):
            raise StoreError(f"{self.path}: it is not a DuckDB database; name a file that `tradesim compare` has made")
        with self._connection(read_only=True) as connection:
            _check_query(connection, sql)
            return _frame(connection.sql(sql, params=list(parameters)))

    @contextmanager
    def _connection(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the database, waiting for another process that is writing it; what goes wrong is a ``StoreError``."""
        try:
            connection = self._opened(read_only=read_only)
            try:
                yield connection
            finally:
                connection.close()
        except duckdb.Error as error:
            raise StoreError(f"{self.path}: {_first_line(error)}") from error

    def _opened(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                connection = duckdb.connect(str(self.path.absolute()), read_only=read_only)
                _without_bars(connection)
                return connection
            except duckdb.IOException as error:
                if "lock" not in str(error).lower() or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)


def _without_bars(connection: duckdb.DuckDBPyConnection) -> None:
    """DuckDB draws no progress bars of its own. A notebook that has no widgets refuses to be asked, and draws none."""
    with suppress(duckdb.InvalidInputException):
        connection.execute("SET enable_progress_bar = false")


_COLUMNS: Final = """
    SELECT table_name, column_name FROM duckdb_columns()
    WHERE table_name IN (SELECT table_name FROM duckdb_tables()) ORDER BY ALL
"""


@cache
def _schema_columns() -> frozenset[tuple[str, str]]:
    """The columns of the fact tables, as pairs of table and column."""
    with duckdb.connect() as connection:
        connection.execute(_sql("schema.sql"))
        return frozenset(connection.execute(_COLUMNS).fetchall())


def check_place(path: Path) -> None:
    """Raise ``ArgumentError`` where no file can be written at ``path``; write nothing."""
    if path.is_dir():
        raise ArgumentError(f"{path}: it is a folder; name a file")
    if not path.parent.is_dir():
        raise ArgumentError(f"{path}: there is no folder {path.parent}; make it first")
    try:
        TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise ArgumentError(f"{path}: its folder cannot be written to ({error.strerror}); name another") from error


def finite(value: Any) -> Any:
    """``value`` as strict JSON can hold it: no NaN nor infinity (None instead), numbers as numbers, the rest as text.

    >>> finite({"t": float("nan"), "cash": Decimal("12")})
    {'t': None, 'cash': 12}
    """
    match value:
        case float() if not math.isfinite(value):
            return None
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case Mapping():
            return {str(key): finite(item) for key, item in value.items()}
        case list() | tuple():
            return [finite(item) for item in value]
    return str(value)


def _frame(answer: duckdb.DuckDBPyRelation) -> pl.DataFrame:
    """All rows of ``answer``; it is run once, by DuckDB, whose errors are then its own."""
    for name, kind in zip(answer.columns, answer.types, strict=True):
        if answer.columns.count(name) > 1:
            raise StoreError(f"query: two columns are named {name}; name each column once (AS)")
        if _has_no_place(kind):
            raise StoreError(f"query: column {name} is {kind}, which a frame cannot hold; cast it, as {name}::VARCHAR")
    rows = answer.materialize()
    try:
        return pl.DataFrame(rows)
    except pl.exceptions.PolarsError as error:
        raise StoreError(f"query: {_first_line(error)}; cast rare types") from error


def _has_no_place(kind: object) -> bool:
    """Whether ``kind`` is a type that holds what polars has no type for, and would panic at."""
    if not isinstance(kind, duckdb.sqltypes.DuckDBPyType):
        return False
    if kind.id in {"interval", "union"}:
        return True
    return kind.id in {"list", "array", "struct", "map"} and any(_has_no_place(part) for _, part in kind.children)


def _is_duckdb(path: Path) -> bool:
    """Whether the file begins as a DuckDB database does; DuckDB itself would open a Parquet file, too."""
    with path.open("rb") as file:
        return file.read(12)[8:] == b"DUCK"


def _check_query(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Refuse what is not one query: a COPY or an ATTACH would write files even where the database is read-only."""
    kinds = [statement.type for statement in connection.extract_statements(sql)]
    if len(kinds) != 1 or kinds[0] not in {duckdb.StatementType.SELECT, duckdb.StatementType.MULTI}:
        got = ", ".join(kind.name for kind in kinds) or "nothing"
        raise StoreError(f"query: it is {got}; results are read-only: give one SELECT statement")


def _sql(name: str) -> str:
    return files("tradesim.results").joinpath(name).read_text(encoding="utf-8")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
