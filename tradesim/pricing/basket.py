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

from tradesim.errors import ArgumentError, ProblemError
from tradesim.pricing.basket_grids import REFERENCE, Grids, coarsest, grids_of, most_apart
from tradesim.pricing.columns import check_column, check_either
from tradesim.pricing.elementary import exp, log_ratio
from tradesim.pricing.european import exercised, time_value
from tradesim.pricing.laws import vanilla_laws
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
LEVEL: Final = 3
COMMON: Final = 4
LEFT: Final = 5
FIRST: Final = 6
COUNT: Final = 7
HEAD: Final = 8
"""Columns of a row: right, present value of the strike, that of one asset's part of the basket per unit of its spot and
its level in ``A(Y)``, deviation ``a`` and the one that is left, and which nodes; then, asset by asset, each node's
factor: the asset in ``A(Y)`` per unit of spot."""


@njit(cache=True, error_model="numpy")
def level_of(slow: Floats, grids: Grids) -> int:
    """The place of the coarsest grid that is good for a contract."""
    left = slow[VOLATILITY] * math.sqrt(slow[EXPIRY] * max(1.0 - slow[CORRELATION], 0.0))
    place: int = coarsest(left, grids)
    return place


@njit(cache=True, error_model="numpy")
def most_nodes(slow: Floats, grids: Grids) -> int:
    """Nodes of the finest grid that one of n contracts needs."""
    most: int = 0
    for i in range(len(slow)):
        place = level_of(slow[i], grids)
        most = max(most, grids.first[place + 1] - grids.first[place])
    return most


@njit(cache=True, error_model="numpy")
def write_head(slow: Floats, grids: Grids, head: Floats) -> None:
    """Write what a row of a contract with ``slow`` inputs begins with."""
    d = len(grids.apart)
    expiry, correlation = slow[EXPIRY], slow[CORRELATION]
    deviation = slow[VOLATILITY] * math.sqrt(expiry)
    common = (1.0 + (d - 1) * correlation) / d
    place = level_of(slow, grids)
    head[ROW_RIGHT] = slow[RIGHT]
    head[CASH] = slow[STRIKE] * math.exp(-slow[RATE] * expiry)
    head[SHARE] = math.exp(-slow[DIVIDEND] * expiry) / d
    head[LEVEL] = head[SHARE] * math.exp(-0.5 * deviation**2 * (1.0 - common))
    head[COMMON] = deviation * math.sqrt(common)
    head[LEFT] = deviation * math.sqrt(max(1.0 - correlation, 0.0))
    head[FIRST] = grids.first[place]
    head[COUNT] = grids.first[place + 1] - grids.first[place]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def basket_row(slow: Floats, grids: Grids, row: Floats) -> None:
    """Write the row of a contract: all of the work that does not need the spots."""
    write_head(slow, grids, row)
    first, count = int(row[FIRST]), int(row[COUNT])
    level, left = row[LEVEL], row[LEFT]
    for i in range(len(grids.apart)):
        apart, factor = grids.apart[i, first : first + count], row[HEAD + i * count : HEAD + (i + 1) * count]
        for n in range(count):
            factor[n] = level * exp(left * apart[n])


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def basket_row_value(spots: Floats, row: Floats, weight: Floats, assets: Floats) -> float:
    """The price at ``spots`` from a row; ``assets`` is workspace."""
    count = int(row[COUNT])
    assets[:count] = 0.0
    for i in range(len(spots)):
        spot, factor = spots[i], row[HEAD + i * count : HEAD + (i + 1) * count]
        for n in range(count):
            assets[n] += spot * factor[n]
    value: float = price_on(assets, spots, row, weight)
    return value


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def basket_value(spots: Floats, slow: Floats, grids: Grids, head: Floats, assets: Floats) -> float:
    """The price at ``spots``, all of it anew; ``head`` and ``assets`` are workspace."""
    write_head(slow, grids, head)
    first, count = int(head[FIRST]), int(head[COUNT])
    left = head[LEFT]
    assets[:count] = 0.0
    for i in range(len(spots)):
        spot, apart = head[LEVEL] * spots[i], grids.apart[i, first : first + count]
        for n in range(count):
            assets[n] += spot * exp(left * apart[n])
    value: float = price_on(assets, spots, head, grids.weight)
    return value


@njit(cache=True, error_model="numpy")
def price_on(assets: Floats, spots: Floats, head: Floats, weight: Floats) -> float:
    """The price from ``A(Y)`` at each node: that of the side out of the money, and parity."""
    right, cash, common = head[ROW_RIGHT], head[CASH], head[COMMON]
    first, count = int(head[FIRST]), int(head[COUNT])
    asset = head[SHARE] * spots.sum()
    intrinsic: float = max(right * (asset - cash), 0.0)
    if common <= 0.0:
        return intrinsic
    side = 1.0 if asset <= cash else -1.0
    value = mean_value(assets[:count], weight[first : first + count], cash, common, side)
    if side != right:
        value += right * (asset - cash)
    bound: float = asset if right > 0.0 else cash
    return min(max(value, intrinsic), bound)


@njit(cache=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def mean_value(assets: Floats, weight: Floats, cash: float, common: float, side: float) -> float:
    """The mean of calls (``side`` 1) or puts (-1) on ``assets``, against ``cash``."""
    total = 0.0
    for n in range(len(assets)):
        exercised = side * (assets[n] - cash)
        exercised = 0.0 if exercised < 0.0 else exercised
        moneyness = log_ratio(assets[n], cash) / common
        total += weight[n] * (exercised + time_value(assets[n], cash, moneyness, common))
    return total


@njit(cache=True, error_model="numpy")
def basket_values(inputs: Floats, grids: Grids, head: Floats, assets: Floats, out: Floats) -> None:
    """Write the values of n options with ``inputs`` float64[n, d + 7]; ``head`` and ``assets`` are workspace."""
    d = len(grids.apart)
    for i in range(len(out)):
        out[i] = basket_value(inputs[i, :d], inputs[i, d:], grids, head, assets)


@njit(cache=True, error_model="numpy")
def basket_greeks(inputs: Floats, grids: Grids, out: Floats) -> None:
    """Write delta, gamma, vega and theta of n options into ``out``, float64[n, 4]."""
    d = len(grids.apart)
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
        if common <= 0.0 or spots.sum() <= 0.0:
            asset = share * spots.sum()
            held = exercised(asset, cash, right)
            out[k, 0], out[k, 1], out[k, 2] = held * share * d, 0.0, 0.0
            out[k, 3] = held * (dividend * asset - rate * cash)
            if asset == cash:
                parts = (1.0 - correlation) * (spots**2).sum() + correlation * spots.sum() ** 2
                out[k, 2] = share * math.sqrt(expiry * max(parts, 0.0)) * normal_pdf(0.0)
            continue
        delta = gamma = by_deviation = asset_held = cash_held = 0.0
        for n in range(grids.first[place], grids.first[place + 1]):
            asset = by_shift = asset_by_deviation = 0.0
            for i in range(d):
                apart = spread * grids.apart[i, n]
                factor = math.exp(level + deviation * apart)
                by_shift += factor
                asset += spots[i] * factor
                asset_by_deviation += spots[i] * factor * (deviation * drift + apart)
            upper = log_ratio(asset, cash) / common + 0.5 * common
            held, density = right * normal_cdf(right * upper), normal_pdf(upper)
            weight = grids.weight[n]
            delta += weight * held * by_shift
            gamma += weight * density * by_shift**2 / (asset * common) if asset > 0.0 else 0.0
            by_deviation += weight * (held * asset_by_deviation + asset * density * part)
            asset_held += weight * held * asset
            cash_held += weight * right * cash * normal_cdf(right * (upper - common))
        out[k, 0] = delta
        out[k, 1] = gamma
        out[k, 2] = by_deviation * math.sqrt(expiry)
        out[k, 3] = dividend * asset_held - rate * cash_held - by_deviation * volatility / (2.0 * math.sqrt(expiry))


@njit(cache=True, error_model="numpy")
def basket_proxies(inputs: Floats, out: Floats) -> None:
    """Write the values on moved lognormals of n options; the upper bound where moments overflow."""
    d = inputs.shape[1] - SLOW_INPUTS
    for i in range(len(out)):
        spots, slow = inputs[i, :d], inputs[i, d:]
        right = 1 if slow[RIGHT] > 0.0 else -1
        total = spots.sum()
        asset = total / d * math.exp(-slow[DIVIDEND] * slow[EXPIRY])
        cash = slow[STRIKE] * math.exp(-slow[RATE] * slow[EXPIRY])
        square = slow[VOLATILITY] ** 2 * slow[EXPIRY]
        out[i] = max(right * (asset - cash), 0.0)
        if square > 0.0 and total > 0.0:
            second, third = ((spots / total) ** 2).sum(), ((spots / total) ** 3).sum()
            shape = shape_of(second, third, math.expm1(slow[CORRELATION] * square), math.expm1(square))
            value = moved_value(asset, cash, shape.size, shape.deviation, right)
            out[i] = value if math.isfinite(value) else (asset if right > 0 else cash)


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
    check_either("right", table[:, dimension + RIGHT], (-1, 1))
    refuse_correlations(table[:, dimension + CORRELATION], dimension)
    return table


def refuse_correlations(correlation: Floats, dimension: int) -> None:
    """Raise ``ArgumentError`` for a correlation that any two of ``dimension`` assets cannot have."""
    least = -1.0 / (dimension - 1)
    if ((correlation <= least) | (correlation > 1.0)).any():
        raise ArgumentError(f"correlation of {dimension} assets: it must be above {least:.6g} and at most 1")


def refuse_uncertain(slow: Floats, dimension: int) -> None:
    """Raise ``ProblemError`` that names the first option too uncertain for the finest grid.

    ``slow`` float64[n, 7].
    """
    left = slow[:, VOLATILITY] * np.sqrt(slow[:, EXPIRY] * np.maximum(1.0 - slow[:, CORRELATION], 0.0))
    rough = np.flatnonzero(left > most_apart(dimension))
    if len(rough):
        raise ProblemError(
            f"option {rough[0]}: its assets move {left[rough[0]]:.3g} apart until expiry, and the "
            f"grid reaches to {most_apart(dimension):.3g}; give less volatility or more correlation"
        )


def values(inputs: Floats, dimension: int, tolerance: float = REFERENCE) -> Floats:
    """Prices of n options on ``dimension`` assets, float64[n], of inputs float64[n, d + 7] in the order of the domain.

    ``ProblemError`` names the first option whose assets move too far apart for the finest grid.

    A call on two assets at 100, a year, 20 % volatility, 5 % interest, correlation one half:

    >>> values(np.array([[100.0, 100.0, 100.0, 1.0, 0.2, 0.05, 0.0, 1.0, 0.5]]), 2).round(6).tolist()
    [9.454582]
    """
    table, grids = _checked(inputs, dimension), grids_of(dimension, tolerance)
    refuse_uncertain(table[:, dimension:], dimension)
    out = np.empty(len(table))
    basket_values(table, grids, np.empty(HEAD), np.empty(most_nodes(table[:, dimension:], grids)), out)
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
    table = _checked(inputs, dimension)
    refuse_uncertain(table[:, dimension:], dimension)
    out = np.empty((len(table), 4))
    basket_greeks(table, grids_of(dimension, REFERENCE), out)
    return out


_SPOT, *SLOW = (*EQUITY_INPUTS, Input(name="correlation", low=0.0, high=0.95))


def domain_of(dimension: int) -> Domain:
    """The box of the problem with ``dimension`` assets: spots, then what all of them share."""
    spots = tuple(replace(_SPOT, name=f"spot_{i + 1}") for i in range(dimension))
    return Domain(inputs=(*spots, *SLOW), fast=dimension, unit="strike")


MOST_EVALUATIONS: Final = {6: 100_000, 7: 60_000, 8: 30_000}
"""Of the reference, where it takes a tenth of a millisecond and more."""


def _problem(dimension: int) -> Problem:
    return Problem(
        name=f"basket-{dimension}",
        version=1,
        domain=domain_of(dimension),
        reference=lambda inputs: values(inputs, dimension),
        check=lambda inputs: _checked(inputs, dimension),
        proxy=lambda inputs: proxy(inputs, dimension),
        greeks=lambda inputs: greeks(inputs, dimension),
        evaluations=MOST_EVALUATIONS.get(dimension),
        laws=lambda problem: vanilla_laws(problem.domain),
    )


BASKET_PROBLEMS: Final = tuple(_problem(dimension) for dimension in DIMENSIONS)
"""The problem ``basket-d`` for each d."""
