"""A model that was trained elsewhere, by its file: trees in LightGBM's text (``.txt``), or ONNX (``.onnx``).

Its columns are inputs of the problem by name, or ``moneyness`` (spot over strike) and ``log_moneyness``. LightGBM's
text names them; an ONNX model names its inputs so, one per column, or lists them in its metadata under ``columns``
where it has one input of two dimensions; else they are stated: ``model.onnx:spot+strike+expiry+volatility``. The model
gives the price in currency; where it knows neither spot nor strike but their ratio, in units of the strike.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import numpy as np

from tradesim.errors import ArgumentError, StoreError
from tradesim.extras import extra
from tradesim.methods.lightgbm.forest import forest_values, workspace_of
from tradesim.methods.lightgbm.text import read_forest
from tradesim.methods.method import Fast
from tradesim.pricing.problem import EQUITY_INPUTS, Floats
from tradesim.user_code import said

SUFFIXES: Final = (".txt", ".onnx")

EQUITY: Final = frozenset(each.name for each in EQUITY_INPUTS)

MOVING: Final = ("spot", "moneyness", "log_moneyness")
"""Columns that move with the spot."""


@dataclass(frozen=True)
class Model:
    """A loaded model: ``ask`` writes the value of each row of a table float64[n, columns] into ``out``."""

    ask: Callable[[Floats, Floats], None]
    nbytes: int


@dataclass
class ModelFile:
    """The model in the file at ``path``, asked by the columns that it names, or that are ``stated``."""

    path: Path
    stated: tuple[str, ...] = ()
    _model: Model | None = field(default=None, init=False, repr=False)
    _columns: tuple[str, ...] = field(default=(), init=False, repr=False)

    def __deepcopy__(self, memo: dict[int, Any]) -> "ModelFile":
        return ModelFile(self.path, self.stated)

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "stated": self.stated, "_model": None, "_columns": ()}

    def prepare(self, inputs: SimpleNamespace) -> tuple[Floats, Floats]:
        """The table of columns, those that move with the spot as they are then, and the unit of the answers."""
        if self._model is None:
            self._model, named = _trees(self.path) if self.path.suffix == ".txt" else _network(self.path)
            self._columns = self._agreed(named)
        known = vars(inputs)
        unknown = [name for name in self._columns if name not in known and name not in MOVING]
        if unknown or not self._columns:
            wrong = f"column {unknown[0]} is no input" if unknown else "it does not name its columns"
            raise ArgumentError(
                f"{self.path.name}: {wrong}; it is one of {', '.join((*known, *MOVING[1:]))}: state it as "
                "in model.onnx:spot+strike+expiry"
            )
        table = np.zeros((len(inputs.strike), len(self._columns)))
        for at, name in enumerate(self._columns):
            if name not in MOVING:
                table[:, at] = known[name]
        return table, np.asarray(inputs.strike)

    def _agreed(self, named: tuple[str, ...]) -> tuple[str, ...]:
        """The columns that are stated, or else those that the file names; of both there are as many."""
        if not self.stated:
            return named
        if named and len(named) != len(self.stated):
            raise ArgumentError(
                f"{self.path.name}: {len(self.stated)} columns are stated, and the model has {len(named)}; state all"
            )
        known = {*EQUITY, *MOVING}
        if any(name in known and name != asked for name, asked in zip(named, self.stated, strict=False)):
            raise ArgumentError(
                f"{self.path.name}: columns {'+'.join(self.stated)} are stated, and the file names {'+'.join(named)}"
            )
        return self.stated

    def evaluate(self, spot: Fast, prepared: tuple[Floats, Floats], out: Floats) -> None:
        """Put the spot in, and ask."""
        table, strike = prepared
        for at, name in enumerate(self._columns):
            if name == "spot":
                table[:, at] = spot
            elif name in MOVING:
                table[:, at] = spot / strike if name == "moneyness" else np.log(spot / strike)
        assert self._model is not None
        self._model.ask(table, out)
        if not {"spot", "strike"} & set(self._columns):
            out *= strike

    @property
    def nbytes(self) -> int:
        """Of the model."""
        return 0 if self._model is None else self._model.nbytes


IDENTITY: Final = frozenset({"regression", "regression_l1", "huber", "fair", "quantile", "mape"})
"""Objectives of LightGBM under which a prediction is the sum of the trees."""


def _trees(path: Path) -> tuple[Model, tuple[str, ...]]:
    text = content(path).decode(errors="replace")
    named = next((line for line in text.splitlines() if line.startswith("feature_names=")), None)
    if named is None:
        raise ArgumentError(f"{path}: it is no model of LightGBM's (Booster.save_model): no line says feature_names=")
    head = text.partition("\nTree=")[0]
    objective = next(
        (line.split("=", 1)[1] for line in head.splitlines() if line.startswith("objective=")), "regression"
    )
    if objective.split()[0] not in IDENTITY or "sqrt" in objective or "average_output" in head:
        kind = "an average of trees" if "average_output" in head else f"objective {objective}"
        raise ArgumentError(
            f"{path}: a model of {kind}, whose trees do not add up to the price; train it by regression, l1 or quantile"
        )
    try:
        forest = read_forest(text)
    except StoreError as error:
        raise ArgumentError(f"{path}: {error}") from error
    workspace = workspace_of(forest)

    def ask(table: Floats, out: Floats) -> None:
        forest_values(forest, workspace, table, out)

    return Model(ask, forest.nbytes + workspace.nbytes), tuple(named.removeprefix("feature_names=").split())


def _network(path: Path) -> tuple[Model, tuple[str, ...]]:
    with extra("onnx", f"{path}: ONNX models need onnxruntime"):
        import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    held = content(path)
    try:
        session = onnxruntime.InferenceSession(held, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ArgumentError(f"{path}: onnxruntime cannot load it: {said(error)[:200]}") from error
    inputs = session.get_inputs()
    answer = session.get_outputs()[0].name
    kinds = [np.float64 if each.type == "tensor(double)" else np.float32 for each in inputs]
    if len(inputs) == 1:
        named = session.get_modelmeta().custom_metadata_map.get("columns", "")

        def ask(table: Floats, out: Floats) -> None:
            out[:] = session.run([answer], {inputs[0].name: table.astype(kinds[0])})[0].reshape(len(out))

        return Model(ask, len(held)), tuple(filter(None, (name.strip() for name in named.split(","))))

    flat = [len(each.shape) == 1 for each in inputs]

    def ask_each(table: Floats, out: Floats) -> None:
        fed = {
            each.name: np.ascontiguousarray(table[:, at] if flat[at] else table[:, at : at + 1], dtype=kinds[at])
            for at, each in enumerate(inputs)
        }
        out[:] = session.run([answer], fed)[0].reshape(len(out))

    return Model(ask_each, len(held)), tuple(each.name for each in inputs)


def content(path: Path) -> bytes:
    """What the file holds; ``ArgumentError`` where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArgumentError(f"{path}: it cannot be read ({error.strerror}); name the file of a model") from error
