"""Published values of averages at discrete dates.

Not covered, by product: ``asian_arithmetic_continuous`` and ``asian_geometric_continuous``, whose averages are taken
without pause (their limit is checked in ``test_asian.py``), and average strikes. The arithmetic rows are of Monte
Carlo or of a moment-matching table: they carry errors of their own, which their tolerance allows for.
"""

import numpy as np
import polars as pl

from tradesim.pricing import asian
from tradesim.pricing.asian_simulation import simulate


def _table(folder, name):
    return pl.read_csv(folder / f"{name}.csv", infer_schema_length=None)


def _inputs(table, interval):
    strike = table["K"].to_numpy()
    right = np.where(table["option_type"].to_numpy() == "call", 1.0, -1.0)
    terms = (table[name].to_numpy() for name in ("T_eff", "sigma", "r", "q"))
    fixings = table["fixings"].to_numpy().astype(float)
    return np.stack(
        [table["S"].to_numpy(), strike, *terms, right, fixings, np.zeros(len(table)), strike, interval], axis=1
    )


def test_arithmetic_rows(shared_reference):
    table = _table(shared_reference, "bsm_asian_arithmetic_discrete_price")
    assert len(table) == 15
    inputs = _inputs(table, table["length"].to_numpy() / (table["fixings"].to_numpy() - 1))
    values = asian.price(inputs)
    assert (np.abs(values - table["value"].to_numpy()) <= table["tolerance"].to_numpy()).all()
    few = table["fixings"].to_numpy() <= 26
    estimate = simulate(inputs[few], paths=1024)
    assert (np.abs(estimate.value - values[few]) <= 5.0 * estimate.standard_error + 1e-9).all()


def test_geometric_row(shared_reference):
    table = _table(shared_reference, "bsm_asian_geometric_discrete")
    assert table["kind"].to_list() == ["exact_rounded"]
    value = asian.geometric(_inputs(table, table["first"].to_numpy()))
    assert (np.abs(value - table["value"].to_numpy()) <= table["tolerance"].to_numpy()).all()
