"""What prices of American options have in common, so that few numbers tell them apart.

A call is the put with spot and strike, and rate and dividend yield, exchanged: ``C(S, K, r, q) = P(K, S, q, r)``
(McDonald and Schroder 1998). A put divided by its strike depends on ``x = ln(S / K)`` and, time being free to run at
the pace of the variance, on three slow coordinates alone: the deviation ``v = sigma sqrt(T)``, ``r T / v`` and
``(r - q) T / v``. Where ``v`` is small the payoff is linear on the scale of the price moves, and ``v`` itself matters
little.

The price is the European one plus a premium, which is told in units of ``cash v``; ``cash`` is the strike of a put and
the spot of a call.
"""

import math
from typing import Final

from numba import njit

from tradesim.methods.scalings.scaling import CAP, FLOOR, SCALE, Coordinate, Scaling
from tradesim.methods.staged import DIVIDEND, EXPIRY, RATE, RIGHT, STRIKE, VOLATILITY
from tradesim.pricing.boundary import EXERCISED_EARLY, put_region
from tradesim.pricing.normal import normal_cdf
from tradesim.pricing.problem import Floats

IS_CALL: Final = 0
LOG_STRIKE: Final = 1
STRIKE_OF_ROW: Final = 2
KIND: Final = 3
DEVIATION: Final = 4
CASH_DISCOUNT: Final = 5
ASSET_DISCOUNT: Final = 6
DRIFT: Final = 7
ROOT_RATE: Final = 8
BENT_DRIFT: Final = 9
WIDTH: Final = 10
"""Columns of a row: what the price needs of a contract's slow inputs."""

EXPIRED: Final = -1.0
AS_EUROPEAN: Final = 0.0
WITH_PREMIUM: Final = 1.0
"""Kinds of a row."""

BEND: Final = 0.05
"""Drifts are bent to ``asinh(drift / BEND)``: about linear within this size, logarithmic beyond."""


@njit(cache=True, error_model="numpy")
def american_row(inputs: Floats, row: Floats) -> None:
    """Write the row of a contract with slow ``inputs``, in put terms."""
    call = inputs[RIGHT] > 0.0
    rate, dividend = (inputs[DIVIDEND], inputs[RATE]) if call else (inputs[RATE], inputs[DIVIDEND])
    expiry = inputs[EXPIRY]
    row[:] = 0.0
    row[IS_CALL] = 1.0 if call else 0.0
    row[LOG_STRIKE] = math.log(inputs[STRIKE])
    row[STRIKE_OF_ROW] = inputs[STRIKE]
    deviation = inputs[VOLATILITY] * math.sqrt(expiry)
    if not deviation > 0.0:
        row[KIND] = EXPIRED
        return
    row[KIND] = WITH_PREMIUM if put_region(rate, dividend) == EXERCISED_EARLY else AS_EUROPEAN
    row[DEVIATION] = deviation
    row[CASH_DISCOUNT] = math.exp(-rate * expiry)
    row[ASSET_DISCOUNT] = math.exp(-dividend * expiry)
    row[DRIFT] = (rate - dividend) * expiry
    row[ROOT_RATE] = math.sqrt(max(rate, 0.0) * expiry / deviation)
    row[BENT_DRIFT] = math.asinh(row[DRIFT] / deviation / BEND)


@njit(cache=True, error_model="numpy")
def american_rows(slow: Floats, rows: Floats) -> None:
    """Write the rows of n contracts."""
    for i in range(len(slow)):
        american_row(slow[i], rows[i])


@njit(cache=True, error_model="numpy", inline="always")
def log_moneyness(log_spot: float, row: Floats) -> float:
    """``x`` in put terms."""
    moneyness: float = log_spot - row[LOG_STRIKE]
    return -moneyness if row[IS_CALL] > 0.0 else moneyness


@njit(cache=True, error_model="numpy")
def european_put(cash: float, asset: float, moneyness: float, row: Floats) -> float:
    """The European price in put terms: ``cash`` is received for ``asset``."""
    deviation = row[DEVIATION]
    upper = (moneyness + row[DRIFT]) / deviation + 0.5 * deviation
    below_lower, below_upper = normal_cdf(deviation - upper), normal_cdf(-upper)
    value: float = cash * row[CASH_DISCOUNT] * below_lower - asset * row[ASSET_DISCOUNT] * below_upper
    return max(value, 0.0)


@njit(cache=True, error_model="numpy")
def american_terms(spot: float, rows: Floats, features: Floats, terms: Floats) -> None:
    """The value is the premium in units of ``cash v``."""
    log_spot = math.log(spot)
    for i in range(len(rows)):
        row, feature, term = rows[i], features[i], terms[i]
        call = row[IS_CALL] > 0.0
        strike = row[STRIKE_OF_ROW]
        cash, asset = (spot, strike) if call else (strike, spot)
        intrinsic = max(cash - asset, 0.0)
        feature[:] = 0.0
        term[:] = intrinsic
        term[SCALE] = 0.0
        if row[KIND] == EXPIRED:
            continue
        moneyness = log_moneyness(log_spot, row)
        price = european_put(cash, asset, moneyness, row)
        term[:] = price
        term[SCALE] = 0.0
        if row[KIND] == AS_EUROPEAN:
            continue
        deviation = row[DEVIATION]
        rate, dividend = -math.log(row[CASH_DISCOUNT]), -math.log(row[ASSET_DISCOUNT])
        term[SCALE], term[FLOOR], term[CAP] = cash * deviation, max(price, intrinsic), cash
        feature[0] = moneyness / deviation
        feature[1] = deviation
        feature[2] = row[ROOT_RATE]
        feature[3] = row[BENT_DRIFT]
        feature[4] = (cash - asset - price) / (cash * deviation)
        feature[5] = (rate - dividend * asset / cash) / deviation


FARTHEST: Final = 6.0
"""Deviations of moneyness beyond which an American option's premium is nil, or the option is in exercise."""

AMERICAN: Final = Scaling(
    coordinates=(
        Coordinate(name="moneyness", low=-FARTHEST, high=FARTHEST),
        Coordinate(name="deviation", low=0.005, high=0.8),
        Coordinate(name="root_rate", low=0.0, high=math.sqrt(0.8)),
        Coordinate(name="bent_drift", low=math.asinh(-0.6 / BEND), high=math.asinh(1.0 / BEND)),
    ),
    hints=("shortfall", "carry"),
    width=WIDTH,
    write_rows=american_rows,
    write_terms=american_terms,
)
"""The value is the early exercise premium in units of ``cash v``.

``shortfall`` is what exercise now is worth above the European price, ``carry`` what it earns: interest less dividends.
"""
