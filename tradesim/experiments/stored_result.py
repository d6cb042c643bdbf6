"""What a question that was asked and stored is known by: its name, and the views of the database that answer it."""

import json
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from tradesim.report.cautions import cautions
from tradesim.results.store import Store, finite


@dataclass(frozen=True, kw_only=True)
class StoredResult:
    """A ``name`` and the database that holds what was found under it.

    ``_kind`` is the column that the name stands in, and in the plural the table of its facts.
    """

    name: str
    store: Store
    _kind: ClassVar[str]

    @property
    def facts(self) -> dict[str, Any]:
        """Its own row, its manifest parsed."""
        row = self._view(f"{self._kind}s", "created").row(0, named=True)
        return row | {"manifest": json.loads(row["manifest"]), "created": row["created"].isoformat()}

    @property
    def cautions(self) -> list[str]:
        """What to know before the rest is believed, a line each; none where all is well."""
        return cautions(self.store, self.name)

    def _json(self, **parts: pl.DataFrame) -> str:
        """Its facts, its cautions and these tables as one JSON object."""
        tables = {name: table.to_dicts() for name, table in parts.items()}
        return json.dumps(finite(self.facts | {"cautions": self.cautions} | tables), indent=2, allow_nan=False)

    def _view(self, view: str, order: str) -> pl.DataFrame:
        return self.store.query(f"SELECT * FROM {view} WHERE {self._kind} = ? ORDER BY {order}", [self.name])
