"""The coordinates and terms of :mod:`~tradesim.methods.scalings.american`, a chain at once from its raw inputs.

Three times as fast as rows and terms one by one: contracts are taken in blocks, their inputs laid out in columns at
fixed places of one short array, so that LLVM sees that nothing overlaps and computes four or eight contracts at a time,
by elementary functions without branches. Rows are the slow inputs as they are.
"""

import math
from dataclasses import replace
from typing import Final

import numpy as np
from numba import njit

from tradesim.methods.scalings.american import AMERICAN, BEND
from tradesim.methods.scalings.scaling import Scaling, copy_rows
from tradesim.methods.staged import DIVIDEND, EXPIRY, RATE, RIGHT, STRIKE, VOLATILITY
from tradesim.pricing.elementary import exp, log, log_ratio
from tradesim.pricing.normal import normal_cdf
from tradesim.pricing.problem import Floats

BLOCK: Final = 64
"""Contracts of a block: a column's length, so that column ``k`` begins at ``k BLOCK``."""
INPUTS: Final = RIGHT + 1
FEATURES: Final = len(AMERICAN.features)
TERMS: Final = 4
COLUMNS: Final = INPUTS + FEATURES + TERMS

AT_STRIKE: Final = np.uintp(STRIKE * BLOCK)
AT_EXPIRY: Final = np.uintp(EXPIRY * BLOCK)
AT_VOLATILITY: Final = np.uintp(VOLATILITY * BLOCK)
AT_RATE: Final = np.uintp(RATE * BLOCK)
AT_DIVIDEND: Final = np.uintp(DIVIDEND * BLOCK)
AT_RIGHT: Final = np.uintp(RIGHT * BLOCK)
AT_MONEYNESS: Final = np.uintp(INPUTS * BLOCK)
AT_DEVIATION: Final = np.uintp((INPUTS + 1) * BLOCK)
AT_ROOT_RATE: Final = np.uintp((INPUTS + 2) * BLOCK)
AT_BENT_DRIFT: Final = np.uintp((INPUTS + 3) * BLOCK)
AT_SHORTFALL: Final = np.uintp((INPUTS + 4) * BLOCK)
AT_CARRY: Final = np.uintp((INPUTS + 5) * BLOCK)
AT_BASE: Final = np.uintp((INPUTS + FEATURES) * BLOCK)
AT_SCALE: Final = np.uintp((INPUTS + FEATURES + 1) * BLOCK)
AT_FLOOR: Final = np.uintp((INPUTS + FEATURES + 2) * BLOCK)
AT_CAP: Final = np.uintp((INPUTS + FEATURES + 3) * BLOCK)
"""Where the columns begin; unsigned, so that no index can be one from the end."""


@njit(cache=True, error_model="numpy")
def american_batch_terms(spot: float, slow: Floats, features: Floats, terms: Floats) -> None:
    """The value is the premium in units of ``cash v``; it has no say once expired, or where exercise is never early."""
    columns = np.empty(COLUMNS * BLOCK)
    for first in range(0, len(slow), BLOCK):
        count = min(BLOCK, len(slow) - first)
        for i in range(count):
            for k in range(INPUTS):
                columns[k * BLOCK + i] = slow[first + i, k]
        fill_columns(spot, columns, count)
        for i in range(count):
            for k in range(FEATURES):
                features[first + i, k] = columns[(INPUTS + k) * BLOCK + i]
            for k in range(TERMS):
                terms[first + i, k] = columns[(INPUTS + FEATURES + k) * BLOCK + i]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def fill_columns(spot: float, columns: Floats, count: int) -> None:
    """Write features and terms of ``count`` contracts whose inputs stand in the first columns.

    All is read before the first conditional expression, or the loop is not vectorised.
    """
    for i in range(np.uintp(count)):
        call = columns[AT_RIGHT + i] > 0.0
        strike, expiry, volatility = columns[AT_STRIKE + i], columns[AT_EXPIRY + i], columns[AT_VOLATILITY + i]
        interest, income = columns[AT_RATE + i], columns[AT_DIVIDEND + i]
        cash = spot if call else strike
        asset = strike if call else spot
        rate = income if call else interest
        dividend = interest if call else income
        deviation = volatility * math.sqrt(expiry)
        alive = deviation > 0.0
        pace = 1.0 / (deviation if alive else 1.0)
        drift = (rate - dividend) * expiry
        moneyness = log_ratio(asset, cash)
        upper = (moneyness + drift) * pace + 0.5 * deviation
        below_lower, below_upper = normal_cdf(deviation - upper), normal_cdf(-upper)
        european = cash * exp(-rate * expiry) * below_lower - asset * exp(-dividend * expiry) * below_upper
        european = european if european > 0.0 else 0.0
        intrinsic = cash - asset if cash > asset else 0.0
        early = alive & ((rate > 0.0) | ((rate == 0.0) & (dividend < 0.0)))
        base = european if alive else intrinsic
        columns[AT_BASE + i] = base
        columns[AT_SCALE + i] = cash * deviation if early else 0.0
        columns[AT_FLOOR + i] = intrinsic if early & (intrinsic > base) else base
        columns[AT_CAP + i] = cash if early else base
        bent = abs(drift) * pace / BEND
        bent = log(bent + math.sqrt(bent * bent + 1.0))
        columns[AT_MONEYNESS + i] = moneyness * pace
        columns[AT_DEVIATION + i] = deviation
        columns[AT_ROOT_RATE + i] = math.sqrt((rate if rate > 0.0 else 0.0) * expiry * pace)
        columns[AT_BENT_DRIFT + i] = bent if drift > 0.0 else -bent
        columns[AT_SHORTFALL + i] = (cash - asset - european) * pace / cash
        columns[AT_CARRY + i] = (rate - dividend * asset / cash) * expiry * pace


AMERICAN_BATCH: Final[Scaling] = replace(AMERICAN, width=INPUTS, write_rows=copy_rows, write_terms=american_batch_terms)
"""The scaling of the american problem, made for chains."""
