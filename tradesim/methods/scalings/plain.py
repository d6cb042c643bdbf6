"""No scaling: the inputs as they are, in units of the strike; the price itself is the value. The honest baseline."""

from functools import partial

import numpy as np
from numba import njit

from tradesim.methods.bounds import (
    BOUNDS,
    CAP_AT_ZERO,
    CAP_SLOPE,
    LEAST,
    ON_AVERAGE,
    UNKNOWN,
    exercise_of,
    floor_at,
    write_bounds,
)
from tradesim.methods.scalings.scaling import BASE, CAP, FLOOR, SCALE, Coordinate, Scaling, copy_rows
from tradesim.methods.staged import EXPIRY, STRIKE
from tradesim.pricing.averaging import AVERAGE
from tradesim.pricing.problem import Domain, Floats, Input, Problem


@njit(cache=True, error_model="numpy")
def plain_terms(fast: float, rows: Floats, features: Floats, terms: Floats) -> None:
    """The inputs of a problem with one fast input and no unit."""
    for i in range(len(rows)):
        features[i, 0] = fast
        features[i, 1:] = rows[i]
        terms[i, BASE], terms[i, SCALE], terms[i, FLOOR], terms[i, CAP] = 0.0, 1.0, -np.inf, np.inf


@njit(cache=True, error_model="numpy")
def plain_terms_of_many(fast: Floats, rows: Floats, features: Floats, terms: Floats) -> None:
    """The inputs of a problem with several fast inputs and no unit."""
    for i in range(len(rows)):
        features[i, : len(fast)] = fast
        features[i, len(fast) :] = rows[i]
        terms[i, BASE], terms[i, SCALE], terms[i, FLOOR], terms[i, CAP] = 0.0, 1.0, -np.inf, np.inf


@njit(cache=True, error_model="numpy")
def strike_rows(exercise: int, slow: Floats, rows: Floats) -> None:
    """The slow inputs as they are, but an average over the strike; behind them the bounds of each contract."""
    inputs = slow.shape[1]
    rows[:, :inputs] = slow
    write_bounds(exercise, slow, rows[:, inputs:].T)
    if exercise == ON_AVERAGE:
        rows[:, AVERAGE] /= slow[:, STRIKE]


@njit(cache=True, error_model="numpy")
def strike_terms(spot: float, rows: Floats, features: Floats, terms: Floats) -> None:
    """The spot over the strike, and what stands behind it; the value is the price over the strike."""
    inputs = rows.shape[1] - BOUNDS
    for i in range(len(rows)):
        features[i, 0] = spot / rows[i, STRIKE]
        features[i, 1:] = rows[i, EXPIRY:inputs]
    terms_between_bounds(spot, rows, terms)


@njit(cache=True, error_model="numpy")
def strike_terms_of_many(fast: Floats, rows: Floats, features: Floats, terms: Floats) -> None:
    """The spots over the strike, and what stands behind it; the value is the price over the strike."""
    inputs = rows.shape[1] - BOUNDS
    for i in range(len(rows)):
        features[i, : len(fast)] = fast / rows[i, STRIKE]
        features[i, len(fast) :] = rows[i, EXPIRY:inputs]
    terms_between_bounds(fast.mean(), rows, terms)


@njit(cache=True, error_model="numpy")
def terms_between_bounds(spot: float, rows: Floats, terms: Floats) -> None:
    """The value alone, in units of the strike, between its bounds at ``spot``: at expiry the lower one is the price."""
    bounds = rows[:, rows.shape[1] - BOUNDS :].T
    for i in range(len(rows)):
        terms[i, BASE], terms[i, SCALE] = 0.0, rows[i, STRIKE]
        terms[i, FLOOR] = max(floor_at(spot, bounds, i), 0.0)
        terms[i, CAP] = bounds[CAP_SLOPE, i] * spot + bounds[CAP_AT_ZERO, i]
        if bounds[LEAST, i] == 0.0 and rows[i, EXPIRY] <= 0.0:
            terms[i, CAP] = terms[i, FLOOR]


def _as_it_is(each: Input) -> Coordinate:
    return Coordinate(name=each.name, low=each.low, high=each.high)


def _over(each: Input, strike: float) -> Coordinate:
    return Coordinate(name=f"{each.name}_over_strike", low=each.low / strike, high=each.high / strike)


def _coordinates(domain: Domain) -> tuple[Coordinate, ...]:
    return tuple(_as_it_is(each) for each in domain.inputs)


def _of_strike(problem: Problem) -> Scaling:
    fast, exercise = problem.domain.fast, exercise_of(problem)
    spots, (strike, *slow) = problem.domain.inputs[:fast], problem.domain.inputs[fast:]
    return Scaling(
        coordinates=tuple(_over(each, strike.low) if each.money else _as_it_is(each) for each in (*spots, *slow)),
        width=1 + len(slow) + BOUNDS,
        write_rows=partial(strike_rows, exercise),
        write_terms=strike_terms if fast == 1 else strike_terms_of_many,
        settles=exercise != UNKNOWN,
    )


def plain_scaling(problem: Problem) -> Scaling:
    """The inputs of ``problem`` as they are."""
    if problem.domain.unit == "strike":
        return _of_strike(problem)
    return Scaling(
        coordinates=_coordinates(problem.domain),
        width=len(problem.domain.inputs) - problem.domain.fast,
        write_rows=copy_rows,
        write_terms=plain_terms if problem.domain.fast == 1 else plain_terms_of_many,
        inputs_at=np.array,
    )
