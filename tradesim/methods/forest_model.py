"""What a forest needs to know of a problem: the features that it sees, and what becomes of its value.

A price is ``base + scale value``, held between a floor and a cap: four *terms* that are known in closed form, so that
the forest spends its leaves on shape alone.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit

from tradesim.errors import ProblemError
from tradesim.methods import similarity_american as american
from tradesim.methods import similarity_european as european
from tradesim.methods.staged import DIVIDEND, EXPIRY, RATE, RIGHT, STRIKE
from tradesim.pricing.problem import Floats, Problem

BASE: Final = 0
SCALE: Final = 1
FLOOR: Final = 2
CAP: Final = 3
"""Columns of the terms. Scale zero: the forest has no say."""


@dataclass(frozen=True, kw_only=True)
class ForestModel:
    """A problem as a forest sees it.

    ``features``    their names
    ``width``       floats in a row
    ``write_rows``  ``(slow, rows)``: prepare slow inputs float64[n, 6]
    ``write_terms`` ``(spot, rows, features, terms)``: write features [n, f] and terms [n, 4] at a spot
    """

    features: tuple[str, ...]
    width: int
    write_rows: Callable[[Floats, Floats], None]
    write_terms: Callable[[float, Floats, Floats, Floats], None]


@njit(cache=True, error_model="numpy")
def american_terms(spot: float, rows: Floats, features: Floats, terms: Floats) -> None:
    """The forest's value is the premium in units of ``cash v``."""
    log_spot = math.log(spot)
    for i in range(len(rows)):
        row, feature, term = rows[i], features[i], terms[i]
        call = row[american.IS_CALL] > 0.0
        strike = row[american.STRIKE_OF_ROW]
        cash, asset = (spot, strike) if call else (strike, spot)
        intrinsic = max(cash - asset, 0.0)
        feature[:] = 0.0
        term[:] = intrinsic
        term[SCALE] = 0.0
        if row[american.KIND] == american.EXPIRED:
            continue
        moneyness = american.log_moneyness(log_spot, row)
        price = american.european_put(cash, asset, moneyness, row)
        term[:] = price
        term[SCALE] = 0.0
        if row[american.KIND] == american.AS_EUROPEAN:
            continue
        deviation = row[american.DEVIATION]
        rate, dividend = -math.log(row[american.CASH_DISCOUNT]), -math.log(row[american.ASSET_DISCOUNT])
        term[SCALE], term[FLOOR], term[CAP] = cash * deviation, max(price, intrinsic), cash
        feature[0] = moneyness / deviation
        feature[1] = deviation
        feature[2] = row[american.ROOT_RATE]
        feature[3] = row[american.BENT_DRIFT]
        feature[4] = (cash - asset - price) / (cash * deviation)
        feature[5] = (rate - dividend * asset / cash) / deviation


@njit(cache=True, error_model="numpy")
def european_terms(spot: float, rows: Floats, features: Floats, terms: Floats) -> None:
    """The forest's value is the normalised time value."""
    log_spot, root_spot = math.log(spot), math.sqrt(spot)
    for i in range(len(rows)):
        row = rows[i]
        asset, cash = spot * row[european.ASSET_DISCOUNT], row[european.CASH]
        right, deviation = row[european.RIGHT_OF_ROW], row[european.DEVIATION]
        intrinsic = max(right * (asset - cash), 0.0)
        terms[i, BASE] = terms[i, FLOOR] = intrinsic
        terms[i, SCALE] = root_spot * row[european.ROOT_ASSET_CASH] * deviation
        terms[i, CAP] = asset if right > 0.0 else cash
        features[i, 0] = european.distance(log_spot, row) / deviation if deviation > 0.0 else 0.0
        features[i, 1] = deviation


@njit(cache=True, error_model="numpy")
def copy_rows(slow: Floats, rows: Floats) -> None:
    """The slow inputs as they are."""
    rows[:] = slow


@njit(cache=True, error_model="numpy")
def plain_features(spot: float, row: Floats, feature: Floats) -> None:
    """What anyone would begin with: the inputs, and the spot over the strike."""
    feature[0] = spot / row[STRIKE]
    feature[1:6] = row[EXPIRY : RIGHT + 1]


@njit(cache=True, error_model="numpy")
def plain_american_terms(spot: float, rows: Floats, features: Floats, terms: Floats) -> None:
    """The forest's value is the price over the strike."""
    for i in range(len(rows)):
        row, term = rows[i], terms[i]
        plain_features(spot, row, features[i])
        intrinsic = max(row[RIGHT] * (spot - row[STRIKE]), 0.0)
        term[BASE], term[FLOOR] = 0.0, intrinsic
        term[SCALE] = row[STRIKE]
        term[CAP] = spot if row[RIGHT] > 0.0 else row[STRIKE]
        if not row[EXPIRY] > 0.0:
            term[CAP] = intrinsic


@njit(cache=True, error_model="numpy")
def plain_european_terms(spot: float, rows: Floats, features: Floats, terms: Floats) -> None:
    """The forest's value is the price over the strike."""
    for i in range(len(rows)):
        row, term = rows[i], terms[i]
        plain_features(spot, row, features[i])
        asset = spot * math.exp(-row[DIVIDEND] * row[EXPIRY])
        cash = row[STRIKE] * math.exp(-row[RATE] * row[EXPIRY])
        intrinsic = max(row[RIGHT] * (asset - cash), 0.0)
        term[BASE], term[FLOOR] = 0.0, intrinsic
        term[SCALE] = row[STRIKE]
        term[CAP] = asset if row[RIGHT] > 0.0 else cash
        if not row[EXPIRY] > 0.0:
            term[CAP] = intrinsic


@njit(cache=True, error_model="numpy")
def compose(terms: Floats, values: Floats, out: Floats) -> None:
    """Write the prices that follow from the forest's values; ``values`` and ``out`` may be one array."""
    for i in range(len(out)):
        price = terms[i, BASE] + terms[i, SCALE] * values[i]
        out[i] = min(max(price, terms[i, FLOOR]), terms[i, CAP])


PLAIN_FEATURES: Final = ("spot_over_strike", "expiry", "volatility", "rate", "dividend", "right")

SHAPED: Final = {
    "american": ForestModel(
        features=("moneyness", "deviation", "root_rate", "bent_drift", "shortfall", "carry"),
        width=american.WIDTH,
        write_rows=american.american_rows,
        write_terms=american_terms,
    ),
    "european": ForestModel(
        features=("distance", "deviation"),
        width=european.WIDTH,
        write_rows=european.european_rows,
        write_terms=european_terms,
    ),
}
"""Forests that learn a normalised difference from the proxy, from physical features.

``shortfall`` is what exercise now is worth above the European price, ``carry`` what it earns: interest less dividends.
"""

PLAIN: Final = {
    name: ForestModel(features=PLAIN_FEATURES, width=RIGHT + 1, write_rows=copy_rows, write_terms=write_terms)
    for name, write_terms in (("american", plain_american_terms), ("european", plain_european_terms))
}
"""Forests that learn the price from the inputs: the honest baseline."""


def forest_model(problem: Problem, models: dict[str, ForestModel]) -> ForestModel:
    """The forest's view of ``problem``; ``ProblemError`` where there is none."""
    if problem.name not in models:
        raise ProblemError(f"problem {problem.name!r}: no forest is made for it; choose one of {', '.join(models)}")
    return models[problem.name]


def prepared_rows(model: ForestModel, slow: Floats) -> Floats:
    """The rows of slow inputs float64[n, 6]."""
    rows = np.empty((len(slow), model.width))
    model.write_rows(slow, rows)
    return rows
