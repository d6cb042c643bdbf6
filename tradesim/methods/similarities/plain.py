"""No similarity: the inputs as they are, in units of the strike; the price itself is the value. The honest baseline."""

import math
from typing import Final

import numpy as np
from numba import njit

from tradesim.methods.similarities.similarity import BASE, CAP, FLOOR, SCALE, Coordinate, Similarity, copy_rows
from tradesim.methods.staged import DIVIDEND, EXPIRY, RATE, RIGHT, STRIKE
from tradesim.pricing.averaging import AVERAGE
from tradesim.pricing.problem import Domain, Floats, Input, Problem


@njit(cache=True, error_model="numpy")
def plain_features(spot: float, row: Floats, feature: Floats) -> None:
    """What anyone would begin with: the inputs, and the spot over the strike."""
    feature[0] = spot / row[STRIKE]
    feature[1:] = row[EXPIRY:]


@njit(cache=True, error_model="numpy")
def plain_american_terms(spot: float, rows: Floats, features: Floats, terms: Floats) -> None:
    """The value is the price over the strike."""
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
    """The value is the price over the strike."""
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
def plain_terms(fast: float, rows: Floats, features: Floats, terms: Floats) -> None:
    """The inputs of a problem with one fast input and no unit."""
    for i in range(len(rows)):
        features[i, 0] = fast
        features[i, 1:] = rows[i]
        terms[i, BASE], terms[i, SCALE], terms[i, FLOOR], terms[i, CAP] = 0.0, 1.0, -np.inf, np.inf


@njit(cache=True, error_model="numpy")
def plain_strike_terms(spot: float, rows: Floats, features: Floats, terms: Floats) -> None:
    """The spot over the strike, and what stands behind it; the value is the price over the strike."""
    for i in range(len(rows)):
        strike = rows[i, STRIKE]
        features[i, 0] = spot / strike
        features[i, 1:] = rows[i, EXPIRY:]
        terms[i, BASE], terms[i, SCALE], terms[i, FLOOR], terms[i, CAP] = 0.0, strike, 0.0, np.inf


@njit(cache=True, error_model="numpy")
def asian_plain_rows(slow: Floats, rows: Floats) -> None:
    """The slow inputs as they are, but the average over the strike."""
    rows[:] = slow
    rows[:, AVERAGE] /= slow[:, STRIKE]


@njit(cache=True, error_model="numpy")
def plain_terms_of_many(fast: Floats, rows: Floats, features: Floats, terms: Floats) -> None:
    """The inputs of a problem with several fast inputs and no unit."""
    for i in range(len(rows)):
        features[i, : len(fast)] = fast
        features[i, len(fast) :] = rows[i]
        terms[i, BASE], terms[i, SCALE], terms[i, FLOOR], terms[i, CAP] = 0.0, 1.0, -np.inf, np.inf


@njit(cache=True, error_model="numpy")
def plain_strike_terms_of_many(fast: Floats, rows: Floats, features: Floats, terms: Floats) -> None:
    """The spots over the strike, and what stands behind it; the value is the price over the strike."""
    for i in range(len(rows)):
        strike = rows[i, STRIKE]
        features[i, : len(fast)] = fast / strike
        features[i, len(fast) :] = rows[i, EXPIRY:]
        terms[i, BASE], terms[i, SCALE], terms[i, FLOOR], terms[i, CAP] = 0.0, strike, 0.0, np.inf


def _as_it_is(each: Input) -> Coordinate:
    return Coordinate(name=each.name, low=each.low, high=each.high)


def _over(each: Input, strike: float) -> Coordinate:
    return Coordinate(name=f"{each.name}_over_strike", low=each.low / strike, high=each.high / strike)


def _coordinates(domain: Domain) -> tuple[Coordinate, ...]:
    return tuple(_as_it_is(each) for each in domain.inputs)


def _of_equity(problem: Problem) -> Similarity:
    spot, strike, *slow = _coordinates(problem.domain)
    over = Coordinate(name="spot_over_strike", low=spot.low / strike.low, high=spot.high / strike.low)
    return Similarity(
        coordinates=(over, *slow),
        width=1 + len(slow),
        write_rows=copy_rows,
        write_terms=plain_american_terms if problem.name == "american" else plain_european_terms,
    )


def _of_strike(problem: Problem) -> Similarity:
    fast = problem.domain.fast
    spots, (strike, *slow) = problem.domain.inputs[:fast], problem.domain.inputs[fast:]
    return Similarity(
        coordinates=tuple(_over(each, strike.low) if each.money else _as_it_is(each) for each in (*spots, *slow)),
        width=1 + len(slow),
        write_rows=asian_plain_rows if problem.name == "asian" else copy_rows,
        write_terms=plain_strike_terms if fast == 1 else plain_strike_terms_of_many,
    )


EQUITY: Final = frozenset({"american", "european", "heston"})


def plain_similarity(problem: Problem) -> Similarity:
    """The inputs of ``problem`` as they are."""
    if problem.name in EQUITY:
        return _of_equity(problem)
    if problem.domain.unit == "strike":
        return _of_strike(problem)
    return Similarity(
        coordinates=_coordinates(problem.domain),
        width=len(problem.domain.inputs) - problem.domain.fast,
        write_rows=copy_rows,
        write_terms=plain_terms if problem.domain.fast == 1 else plain_terms_of_many,
        inputs_at=np.array,
    )
