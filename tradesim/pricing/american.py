"""The American option under Black, Scholes and Merton.

Its value is the European one plus the early exercise premium, an integral along the exercise boundary (Kim 1990): see
:mod:`tradesim.pricing.boundary` for the one and :mod:`tradesim.pricing.american_row` for the other. Calls are priced as
puts, ``C(S, K, r, q) = P(K, S, q, r)`` (McDonald and Schroder 1998).
"""

from typing import Final

import numpy as np
from numba import njit

from tradesim.errors import ArgumentError, ProblemError
from tradesim.pricing import european
from tradesim.pricing.american_greeks import write_american_greeks
from tradesim.pricing.american_row import (
    LOG_EXERCISE,
    american_value,
    boundary_row,
    boundary_rows,
    certain_value,
    exercise_boundary,
    row_from_boundary,
    slice_value,
    slice_values,
)
from tradesim.pricing.boundary import DOUBLE_BOUNDARY, put_region
from tradesim.pricing.collocation import HIGH, Scheme, Tables, tables_of
from tradesim.pricing.columns import Points, checked_points
from tradesim.pricing.laws import american_laws
from tradesim.pricing.problem import Floats, Problem, Rights

__all__ = [
    "AMERICAN_PROBLEM",
    "LOG_EXERCISE",
    "american_value",
    "american_values",
    "boundary_row",
    "boundary_rows",
    "certain_value",
    "exercise_boundary",
    "greeks",
    "price",
    "price_with",
    "refuse_double_boundaries",
    "row_from_boundary",
    "slice_value",
    "slice_values",
    "solvable_dividends",
]


LONGEST: Final = 150.0
HIGHEST: Final = 1e6
"""Years to expiry, and volatility, to which the boundary is found as accurately as is said."""


@njit(cache=True, error_model="numpy")
def american_values(
    spot: Floats,
    strike: Floats,
    expiry: Floats,
    volatility: Floats,
    rate: Floats,
    dividend: Floats,
    right: Rights,
    tables: Tables,
    out: Floats,
) -> None:
    """Write the values of n American options into ``out``; arrays of one length, as in :class:`Points`."""
    for i in range(len(out)):
        out[i] = american_value(spot[i], strike[i], expiry[i], volatility[i], rate[i], dividend[i], right[i], tables)


def within_reach(points: Points) -> Points:
    """The points themselves; ``ArgumentError`` names the first whose expiry or volatility is beyond the program."""
    for name, column, most in (("expiry", points.expiry, LONGEST), ("volatility", points.volatility, HIGHEST)):
        if (column > most).any():
            i = int(np.argmax(column > most))
            raise ArgumentError(
                f"{name}[{i}] is {column[i]:g}: of an American option it must be at most {most:g}; give less"
            )
    return points


def price_with(scheme: Scheme, points: Points) -> Floats:
    """Values of American options, in currency, at the accuracy of ``scheme``.

    ``ProblemError`` names the first option whose exercise boundary is double.
    """
    checked = within_reach(checked_points(*points.columns()))
    refuse_double_boundaries(checked.rate, checked.dividend, checked.right)
    out = np.empty(len(checked))
    american_values(*checked.columns(), tables_of(scheme), out)
    return out


def solvable_dividends(rate: float, dividend: Floats) -> Floats:
    """The yields nearest to ``dividend`` with which neither a call nor a put has two exercise boundaries.

    At a rate of zero or more that is any yield. At a negative rate a call has two boundaries where the yield is between
    the rate and zero, a put where it is below the rate: what is left is the rate itself, and zero and more.

    >>> solvable_dividends(-0.01, np.array([0.02, -0.002, -0.008, -0.03])).tolist()
    [0.02, 0.0, -0.01, -0.01]
    """
    if rate >= 0.0:
        return dividend
    return np.where(dividend >= 0.5 * rate, np.maximum(dividend, 0.0), rate)


def refuse_double_boundaries(rate: Floats, dividend: Floats, right: Rights | Floats) -> None:
    """Raise ``ProblemError`` that names the first option whose exercise boundary is double."""
    i = first_double_boundary(rate, dividend, right)
    if i < len(rate):
        given = f"rate {rate[i]:g} and dividend {dividend[i]:g}"
        rule = "a call with rate < dividend < 0" if right[i] > 0 else "a put with dividend < rate < 0"
        raise ProblemError(
            f"option {i} has {given}: {rule} has two exercise boundaries; change the rates or price it as European"
        )


@njit(cache=True, error_model="numpy")
def first_double_boundary(rate: Floats, dividend: Floats, right: Rights | Floats) -> int:
    """The first option whose exercise boundary is double; how many options there are where none is."""
    for i in range(len(rate)):
        region = put_region(dividend[i], rate[i]) if right[i] > 0 else put_region(rate[i], dividend[i])
        if region == DOUBLE_BOUNDARY:
            return i
    return len(rate)


def price(
    spot: Floats,
    strike: Floats,
    expiry: Floats,
    volatility: Floats,
    rate: Floats,
    dividend: Floats,
    right: Rights,
    /,
) -> Floats:
    """Values of American options, in currency.

    >>> ones = np.ones(1)
    >>> price(100 * ones, 100 * ones, ones, 0.25 * ones, 0.05 * ones, 0.05 * ones, np.array([-1])).round(6).tolist()
    [9.569445]
    """
    points = Points(
        spot=spot, strike=strike, expiry=expiry, volatility=volatility, rate=rate, dividend=dividend, right=right
    )
    return price_with(HIGH, points)


def greeks(
    spot: Floats,
    strike: Floats,
    expiry: Floats,
    volatility: Floats,
    rate: Floats,
    dividend: Floats,
    right: Rights,
    /,
) -> Floats:
    """Delta, gamma, vega and theta of American options, float64[n, 4]: see :mod:`tradesim.pricing.american_greeks`.

    ``ProblemError`` names the first option whose exercise boundary is double.

    >>> ones = np.ones(1)
    >>> greeks(100 * ones, 100 * ones, ones, 0.25 * ones, 0.05 * ones, 0 * ones, np.array([-1])).round(3).tolist()
    [[-0.41, 0.018, 37.83, -3.089]]
    """
    points = within_reach(checked_points(spot, strike, expiry, volatility, rate, dividend, right))
    refuse_double_boundaries(points.rate, points.dividend, points.right)
    out = np.empty((len(points), 4))
    write_american_greeks(*points.columns(), tables_of(HIGH), out)
    return out


AMERICAN_PROBLEM: Final = Problem(
    name="american",
    version=1,
    domain=european.DOMAIN,
    reference=lambda inputs: price(*inputs.T),
    check=lambda inputs: within_reach(Points.of(inputs)),
    proxy=lambda inputs: european.price(*inputs.T),
    greeks=lambda inputs: greeks(*inputs.T),
    early=True,
    laws=lambda problem: american_laws(problem.domain, problem.proxy),
)
