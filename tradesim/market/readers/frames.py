"""Frames of other packages as frames of polars. None of these packages is imported here, and none is needed."""

import sys
from datetime import datetime
from typing import Any, Final

import numpy as np
import polars as pl

WHOLE_BELOW: Final = 2.0**53
"""Below it every whole number is a float of its own."""


def as_frame(given: Any) -> Any:
    """``given`` as a polars DataFrame, if it is a frame of polars, pandas or Arrow; else ``given`` itself.

    A frame of Arrow is whatever has ``__arrow_c_stream__``: a table, a reader of record batches, a relation of DuckDB.
    Of a pandas frame, what is missing (NaN, NaT, NA, None) becomes null, a named index becomes a column, and floats
    that are all whole, some of them missing, become whole numbers: pandas makes floats of these by itself.
    """
    pandas = sys.modules.get("pandas")
    match given:
        case pl.LazyFrame():
            return given.collect()
        case pl.DataFrame():
            return given
        case _ if pandas is not None and isinstance(given, pandas.DataFrame):
            return _of_pandas(pandas, given)
        case _ if hasattr(given, "__arrow_c_stream__") and not isinstance(given, pl.Series):
            return pl.DataFrame(given)
    return given


def _of_pandas(pandas: Any, given: Any) -> pl.DataFrame:
    names = [name for name in given.index.names if name is not None]
    columns = [pandas.Series(given.index.get_level_values(name), name=name) for name in names]
    columns += [given.iloc[:, at] for at in range(given.shape[1])]
    return pl.DataFrame([_column(pandas, column).alias(str(column.name)) for column in columns])


def _column(pandas: Any, column: Any) -> pl.Series:
    column = column.infer_objects()
    missing = column.isna().to_numpy(dtype=bool)
    if missing.all():
        return pl.Series([None] * len(missing), dtype=pl.Null)
    kind = column.dtype.kind
    if kind == "O" and any(isinstance(value, datetime) for value in column[~missing].head(1)):
        column, kind = pandas.to_datetime(column, utc=True), "M"
    if kind == "M":
        unit = {"s": "ms"}.get(column.dt.unit, column.dt.unit)
        return pl.Series(column.to_numpy(dtype=f"datetime64[{unit}]"))
    if kind in "iu":
        filled = column.to_numpy(dtype=f"{kind}8", na_value=0) if missing.any() else column.to_numpy(dtype=f"{kind}8")
        return _without(pl.Series(filled), missing)
    if kind == "f":
        size = column.dtype.itemsize
        numbers = column.to_numpy(dtype=f"f{size}", na_value=np.nan)
        told = numbers[~missing]
        if missing.any() and (np.abs(told) < WHOLE_BELOW).all() and (told == np.rint(told)).all():
            return _without(pl.Series(np.where(missing, 0, numbers).astype(np.int64)), missing)
        return _without(pl.Series(numbers), missing)
    return pl.Series([None if gone else value for value, gone in zip(column, missing, strict=True)])


def _without(values: pl.Series, missing: np.ndarray[Any, np.dtype[np.bool_]]) -> pl.Series:
    """``values``, null where they are ``missing``."""
    return values.set(pl.Series(missing), None) if missing.any() else values
