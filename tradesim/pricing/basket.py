"""The European option on the average of d assets under Black and Scholes: what the curse of dimension is shown with.

The d assets have one volatility, one dividend yield and one correlation ``rho`` between any two. Their logarithms then
move together by ``a Z``, and apart by what is left when their mean is taken out, which is independent of ``Z``::

    ln S_i(T) = const_i + a Z + R_i,    a^2 = s^2 (1 + (d - 1) rho) / d,    s = sigma sqrt(T)
    R = s sqrt(1 - rho) U Y,            Y standard normal in d - 1 dimensions, U orthonormal, its columns without sum

so the basket is ``e^(a Z) A(Y)``, and its price the mean over ``Y`` of the formula of Black and Scholes at asset
``A(Y)`` and deviation ``a``: the payoff's kink is gone, and what is left to integrate is smooth. A sparse grid does it,
as fine as the deviation ``s sqrt(1 - rho)`` of what is left needs.
"""

import math
from dataclasses import replace
from typing import Final

import numpy as np
from numba import njit

from tradesim.errors import ArgumentError
from tradesim.pricing.basket_grids import REFERENCE, Grids, coarsest, grids_of
from tradesim.pricing.columns import check_column
from tradesim.pricing.moved_lognormal import moved_value, shape_of
from tradesim.pricing.normal import normal_cdf, normal_pdf
from tradesim.pricing.problem import EQUITY_INPUTS, Domain, Floats, Input, Problem

DIMENSIONS: Final = range(2, 9)
STRIKE: Final = 0
EXPIRY: Final = 1
VOLATILITY: Final = 2
RATE: Final = 3
DIVIDEND: Final = 4
RIGHT: Final = 5
CORRELATION: Final = 6
SLOW_INPUTS: Final = 7
"""Columns of the slow inputs, and how many there are."""

ROW_RIGHT: Final = 0
CASH: Final = 1
SHARE: Final = 2
COMMON: Final = 3
FIRST: Final = 4
COUNT: Final = 5
HEAD: Final = 6
"""Columns of a row: right, present value of the strike, that of one asset's part of the basket per unit of its spot,
deviation ``a``, and which nodes; then for each node d factors, the assets of ``A(Y)`` per unit of spot; then those of
the steps."""


@njit(cache=True, error_model="numpy")
def level_of(slow: Floats, grids: Grids) -> int:
    """The place of the coarsest grid that is good for a contract."""
    left = slow[VOLATILITY] * math.sqrt(slow[EXPIRY] * max(1.0 - slow[CORRELATION], 0.0))
    place: int = coarsest(left, grids)
    return place


@njit(cache=True, error_model="numpy")
def row_width(slow: Floats, grids: Grids) -> int:
    """Floats that the row of the widest of n contracts takes."""
    most: int = 0
    for i in range(len(slow)):
        place = level_of(slow[i], grids)
        most = max(most, grids.first[place + 1] - grids.first[place] + grids.used[place])
    width: int = HEAD + most * grids.apart.shape[1]
    return width


@njit(cache=True, error_model="numpy")
def basket_row(slow: Floats, grids: Grids, row: Floats) -> None:
    """Write the row of a contract with ``slow`` inputs: all of the work that does not need the spots."""
    d = grids.apart.shape[1]
    expiry, correlation = slow[EXPIRY], slow[CORRELATION]
    deviation = slow[VOLATILITY] * math.sqrt(expiry)
    common = (1.0 + (d - 1) * correlation) / d
    place = level_of(slow, grids)
    first, count = grids.first[place], grids.first[place + 1] - grids.first[place]
    row[ROW_RIGHT] = slow[RIGHT]
    row[CASH] = slow[STRIKE] * math.exp(-slow[RATE] * expiry)
    row[SHARE] = math.exp(-slow[DIVIDEND] * expiry) / d
    row[COMMON] = deviation * math.sqrt(common)
    row[FIRST] = first
    row[COUNT] = count
    left = deviation * math.sqrt(max(1.0 - correlation, 0.0))
    factor = row[HEAD : HEAD + count * d]
    step = row[HEAD + count * d : HEAD + (count + grids.used[place]) * d]
    for k in range(len(step)):
        step[k] = math.exp(left * grids.steps[k // d, k % d])
    factor[:d] = row[SHARE] * math.exp(-0.5 * deviation**2 * (1.0 - common))
    for n in range(1, count):
        parent, along = grids.parent[first + n], grids.step[first + n]
        for i in range(d):
            factor[n * d + i] = factor[parent * d + i] * step[along * d + i]


@njit(cache=True, error_model="numpy")
def basket_row_value(spots: Floats, row: Floats, weight: Floats) -> float:
    """The price at ``spots`` from a row: that of the side out of the money, and parity."""
    d = len(spots)
    right, cash, common = row[ROW_RIGHT], row[CASH], row[COMMON]
    first, count = int(row[FIRST]), int(row[COUNT])
    asset = row[SHARE] * spots.sum()
    intrinsic: float = max(right * (asset - cash), 0.0)
    if not common > 0.0:
        return intrinsic
    side = 1.0 if asset <= cash else -1.0
    log_cash = math.log(cash)
    factor = row[HEAD : HEAD + count * d]
    value = 0.0
    for n in range(count):
        apart = 0.0
        for i in range(d):
            apart += spots[i] * factor[n * d + i]
        upper = (math.log(apart) - log_cash) / common + 0.5 * common
        value += (
            weight[first + n] * side * (apart * normal_cdf(side * upper) - cash * normal_cdf(side * (upper - common)))
        )
    if side != right:
        value += right * (asset - cash)
    bound: float = asset if right > 0.0 else cash
    return min(max(value, intrinsic), bound)


@njit(cache=True, error_model="numpy")
def basket_values(inputs: Floats, grids: Grids, row: Floats, out: Floats) -> None:
    """Write the values of n options with ``inputs`` float64[n, d + 7]; ``row`` is workspace, as wide as the widest."""
    d = grids.apart.shape[1]
    for i in range(len(out)):
        basket_row(inputs[i, d:], grids, row)
        out[i] = basket_row_value(inputs[i, :d], row, grids.weight)


@njit(cache=True, error_model="numpy")
def basket_greeks(inputs: Floats, grids: Grids, out: Floats) -> None:
    """Write delta, gamma, vega and theta of n options into ``out``, float64[n, 4]."""
    d = grids.apart.shape[1]
    for k in range(len(out)):
        spots, slow = inputs[k, :d], inputs[k, d:]
        expiry, volatility, correlation = slow[EXPIRY], slow[VOLATILITY], slow[CORRELATION]
        rate, dividend, right = slow[RATE], slow[DIVIDEND], slow[RIGHT]
        deviation = volatility * math.sqrt(expiry)
        part = math.sqrt((1.0 + (d - 1) * correlation) / d)
        common = deviation * part
        cash = slow[STRIKE] * math.exp(-rate * expiry)
        share = math.exp(-dividend * expiry) / d
        spread = math.sqrt(max(1.0 - correlation, 0.0))
        drift = -(1.0 - part**2)
        level = math.log(share) + 0.5 * deviation**2 * drift
        place = level_of(slow, grids)
        if not common > 0.0:
            held = right if right * (share * spots.sum() - cash) > 0.0 else 0.0
            out[k, 0], out[k, 1], out[k, 2] = held * share * d, 0.0, 0.0
            out[k, 3] = held * (dividend * share * spots.sum() - rate * cash)
            continue
        delta = gamma = by_deviation = asset_held = cash_held = 0.0
        for n in range(grids.first[place], grids.first[place + 1]):
            asset = by_shift = asset_by_deviation = 0.0
            for i in range(d):
                apart = spread * grids.apart[n, i]
                factor = math.exp(level + deviation * apart)
                by_shift += factor
                asset += spots[i] * factor
                asset_by_deviation += spots[i] * factor * (deviation * drift + apart)
            upper = math.log(asset / cash) / common + 0.5 * common
            held, density = right * normal_cdf(right * upper), normal_pdf(upper)
            weight = grids.weight[n]
            delta += weight * held * by_shift
            gamma += weight * density * by_shift**2 / (asset * common)
            by_deviation += weight * (held * asset_by_deviation + asset * density * part)
            asset_held += weight * held * asset
            cash_held += weight * right * cash * normal_cdf(right * (upper - common))
        out[k, 0] = delta
        out[k, 1] = gamma
        out[k, 2] = by_deviation * math.sqrt(expiry)
        out[k, 3] = dividend * asset_held - rate * cash_held - by_deviation * volatility / (2.0 * math.sqrt(expiry))


@njit(cache=True, error_model="numpy")
def basket_proxies(inputs: Floats, out: Floats) -> None:
    """Write the values on moved lognormals of n options."""
    d = inputs.shape[1] - SLOW_INPUTS
    for i in range(len(out)):
        spots, slow = inputs[i, :d], inputs[i, d:]
        right = 1 if slow[RIGHT] > 0.0 else -1
        total = spots.sum()
        asset = total / d * math.exp(-slow[DIVIDEND] * slow[EXPIRY])
        cash = slow[STRIKE] * math.exp(-slow[RATE] * slow[EXPIRY])
        square = slow[VOLATILITY] ** 2 * slow[EXPIRY]
        out[i] = max(right * (asset - cash), 0.0)
        if square > 0.0:
            second, third = ((spots / total) ** 2).sum(), ((spots / total) ** 3).sum()
            shape = shape_of(second, third, math.expm1(slow[CORRELATION] * square), math.expm1(square))
            out[i] = moved_value(asset, cash, shape.size, shape.deviation, right)


def _checked(inputs: Floats, dimension: int) -> Floats:
    """``inputs`` as a table float64[n, d + 7]; ``ArgumentError`` names the first that breaks a rule."""
    table = np.ascontiguousarray(inputs, dtype=np.float64)
    names = domain_of(dimension).names
    if table.ndim != 2 or table.shape[1] != len(names):
        raise ArgumentError(
            f"inputs of shape {table.shape}: give one option a row and a column each of {', '.join(names)}"
        )
    for name, column in zip(names, table.T, strict=True):
        check_column(name, column, not_negative=name not in {"rate", "dividend", "right", "correlation"})
    if not np.isin(table[:, dimension + RIGHT], (-1.0, 1.0)).all():
        raise ArgumentError("right is neither +1 nor -1: give +1 for a call and -1 for a put")
    correlation = table[:, dimension + CORRELATION]
    least = -1.0 / (dimension - 1)
    if not ((least < correlation) & (correlation <= 1.0)).all():
        raise ArgumentError(f"correlation of {dimension} assets: it must be above {least:.6g} and at most 1")
    return table


def values(inputs: Floats, dimension: int, tolerance: float = REFERENCE) -> Floats:
    """Prices of n options on ``dimension`` assets, float64[n], of inputs float64[n, d + 7] in the order of the domain.

    A call on two assets at 100, a year, 20 % volatility, 5 % interest, correlation one half:

    >>> values(np.array([[100.0, 100.0, 100.0, 1.0, 0.2, 0.05, 0.0, 1.0, 0.5]]), 2).round(6).tolist()
    [9.454582]
    """
    table, grids = _checked(inputs, dimension), grids_of(dimension, tolerance)
    out = np.empty(len(table))
    basket_values(table, grids, np.empty(row_width(table[:, dimension:], grids)), out)
    return out


def proxy(inputs: Floats, dimension: int) -> Floats:
    """Prices on a lognormal moved along so that it has the first three moments of the basket."""
    table = _checked(inputs, dimension)
    out = np.empty(len(table))
    basket_proxies(table, out)
    return out


def greeks(inputs: Floats, dimension: int) -> Floats:
    """Delta, gamma, vega and theta, float64[n, 4], by differentiating under the integral.

    Delta and gamma are the first and second derivatives by one shift of all spots, in currency: delta is the sum of the
    assets' own deltas. Vega is that by the common volatility.
    """
    out = np.empty((len(inputs), 4))
    basket_greeks(_checked(inputs, dimension), grids_of(dimension, REFERENCE), out)
    return out


_SPOT, *SLOW = (*EQUITY_INPUTS, Input(name="correlation", low=0.0, high=0.95))


def domain_of(dimension: int) -> Domain:
    """The box of the problem with ``dimension`` assets: spots, then what all of them share."""
    spots = tuple(replace(_SPOT, name=f"spot_{i + 1}") for i in range(dimension))
    return Domain(inputs=(*spots, *SLOW), fast=dimension, unit="strike")


def _problem(dimension: int) -> Problem:
    return Problem(
        name=f"basket-{dimension}",
        version=1,
        domain=domain_of(dimension),
        reference=lambda inputs: values(inputs, dimension),
        proxy=lambda inputs: proxy(inputs, dimension),
        greeks=lambda inputs: greeks(inputs, dimension),
    )


BASKET_PROBLEMS: Final = tuple(_problem(dimension) for dimension in DIMENSIONS)
"""The problem ``basket-d`` for each d."""
