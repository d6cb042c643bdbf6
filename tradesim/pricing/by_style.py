"""Values of European and American options together, each by the program of its own style."""

import numpy as np
from numpy.typing import NDArray

from tradesim.pricing import american, european
from tradesim.pricing.columns import Points
from tradesim.pricing.problem import Floats


def price(points: Points, style: NDArray[np.int8]) -> Floats:
    """Values in currency, float64[n]; ``style`` is 0 for a European option and 1 for an American one.

    ``ProblemError`` tells of an American option whose exercise boundary is double.

    >>> ones = np.ones(2)
    >>> points = Points(spot=100 * ones, strike=100 * ones, expiry=ones, volatility=0.2 * ones, rate=0.05 * ones,
    ...     dividend=0 * ones, right=np.array([-1, -1], dtype=np.int8))
    >>> price(points, np.array([0, 1], dtype=np.int8)).round(4).tolist()
    [5.5735, 6.0904]
    """
    values = european.price(*points.columns())
    early = np.flatnonzero(style)
    if len(early):
        values[early] = american.price(*Points.of(points.inputs()[early]).columns())
    return values


def premium(points: Points, style: NDArray[np.int8]) -> Floats:
    """Early exercise premiums in currency, float64[n]: 0 for a European option."""
    early, premiums = np.flatnonzero(style), np.zeros(len(style))
    if len(early):
        columns = Points.of(points.inputs()[early]).columns()
        premiums[early] = american.price(*columns) - european.price(*columns)
    return premiums
