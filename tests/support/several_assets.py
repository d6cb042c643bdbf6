"""One European option on several assets with volatilities and correlations of their own: on a sum, the best, the worst.

A general program beside the problem ``basket``, for scripts, published values and checks.

On a sum: along the direction in which the sum moves most the payoff is integrated in closed form; over the other d - 1,
where it is smooth and nearly flat, by a sparse grid. J. Choi (2018), "Sum of all Black-Scholes-Merton models", Journal
of Futures Markets 38(6), 627-644. On the best and the worst: H. Johnson (1987), "Options on the maximum or the minimum
of several assets", Journal of Financial and Quantitative Analysis 22(3), 277-283.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from scipy.special import ndtr
from scipy.stats import multivariate_normal

from tradesim.errors import ArgumentError, ProblemError
from tradesim.pricing.basket_grids import FINEST
from tradesim.pricing.problem import Floats
from tradesim.pricing.sparse import sparse_grid

FARTHEST: Final = 12.0
HALVINGS: Final = 56
"""Deviations of the common factor within which exercise begins, and halvings of that interval."""


class Underlying(StrEnum):
    """What of the assets the strike is set against."""

    SUM = "sum"
    """The weighted sum."""
    BEST = "best"
    """The greatest."""
    WORST = "worst"
    """The least."""


def price(
    *,
    spots: Floats,
    strike: float,
    expiry: float,
    volatilities: Floats | float,
    rate: float,
    dividends: Floats | float = 0.0,
    correlation: Floats | float,
    weights: Floats | None = None,
    right: int,
    on: Underlying | str = Underlying.SUM,
) -> float:
    """The price of one option on 2 to 8 assets, in currency.

    ``spots`` are float64[d], ``volatilities`` and ``dividends`` too, or one number for all. ``correlation`` is
    float64[d, d], or one number between any two. ``weights``, float64[d], multiply the spots: 1 / d for a sum and 1 for
    the others unless given; in a sum they may be negative, a spread. ``right`` is +1 for a call and -1 for a put.

    ``ArgumentError`` where an input breaks its rule; ``ProblemError`` where an asset falls as the sum rises. The best
    and the worst of three or more are good to about 1e-6 of the strike: their probabilities are drawn.

    A spread of two futures, whose dividend yield is the rate:

    >>> spread = price(spots=np.array([122.0, 120.0]), weights=np.array([1.0, -1.0]), strike=3.0, expiry=0.5, rate=0.1,
    ...                dividends=0.1, volatilities=np.array([0.25, 0.2]), correlation=0.5, right=1)
    >>> round(spread, 4)
    7.0066
    """
    on = Underlying(on)
    d = len(spots)
    scale = np.full(d, 1.0 / d if on is Underlying.SUM else 1.0) if weights is None else np.asarray(weights)
    if right not in {-1, 1} or d not in FINEST or not (strike > 0.0 and expiry > 0.0 and np.min(spots) > 0.0):
        raise ArgumentError(
            f"right {right}, {d} assets, strike {strike}, expiry {expiry}, spots {list(spots)}: "
            "give +1 or -1, 2 to 8 assets, and a strike, an expiry and spots above zero"
        )
    deviations = np.broadcast_to(volatilities, d) * math.sqrt(expiry)
    matrix = np.asarray(correlation) if np.ndim(correlation) else correlation + (1.0 - correlation) * np.eye(d)
    assets = Assets(
        present=scale * spots * np.exp(-np.broadcast_to(dividends, d) * expiry),
        covariance=matrix * np.outer(deviations, deviations),
    )
    cash = strike * math.exp(-rate * expiry)
    if on is Underlying.SUM:
        asset, call = float(assets.present.sum()), sum_call(assets, cash)
    else:
        asset, call = extreme_calls(assets, cash, 1.0 if on is Underlying.BEST else -1.0)
    return max(call if right > 0 else call - asset + cash, right * (asset - cash), 0.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Assets:
    """What d assets are worth now, float64[d], and the covariance of their logarithms at expiry, float64[d, d]."""

    present: Floats
    covariance: Floats


def sum_call(assets: Assets, cash: float) -> float:
    """The call on the sum of ``assets`` at the price of ``cash``, a present value."""
    slope = assets.covariance @ assets.present
    slope /= math.sqrt(float(slope @ assets.present))
    along = slope * assets.present
    if (along < 0.0).any():
        raise ProblemError(
            f"asset {int(np.argmin(along))} falls as the sum rises, so there may be two limits of exercise: "
            "give it another weight or correlation, or leave it out"
        )
    own = assets.covariance - np.outer(slope, slope)
    left, roots = np.linalg.eigh(own)
    nodes, weight = sparse_grid(len(left) - 1, FINEST[len(left)])
    moves = nodes @ (roots[:, 1:] * np.sqrt(np.maximum(left[1:], 0.0))).T
    apart = assets.present * np.exp(moves - 0.5 * np.diag(own))
    limit = _exercised_above(apart, slope, cash)
    calls = (apart * ndtr(slope - limit[:, None])).sum(axis=1) - cash * ndtr(-limit)
    return float(weight @ calls)


def _exercised_above(apart: Floats, slope: Floats, cash: float) -> Floats:
    """Where each node's sum reaches ``cash`` as the factor rises that all assets have in common, by bisection."""
    low, high = np.full(len(apart), -FARTHEST), np.full(len(apart), FARTHEST)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        short = (apart * np.exp(np.outer(middle, slope) - 0.5 * slope**2)).sum(axis=1) < cash
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return np.asarray(0.5 * (low + high))


def extreme_calls(assets: Assets, cash: float, sign: float) -> tuple[float, float]:
    """The best (``sign`` 1) or the worst (-1) of ``assets`` itself, and the call on it at the price of ``cash``."""
    d = len(assets.present)
    level = np.log(assets.present) - 0.5 * np.diag(assets.covariance)
    asset = call = 0.0
    for i in range(d):
        others = np.delete(np.arange(d), i)
        contrasts = sign * (np.eye(d)[i] - np.eye(d)[others])
        drift = level + assets.covariance[i]
        asset += assets.present[i] * _above(contrasts @ drift, contrasts @ assets.covariance @ contrasts.T)
        struck = np.vstack([contrasts, np.eye(d)[i]])
        mean = struck @ drift - np.append(np.zeros(d - 1), math.log(cash))
        call += assets.present[i] * _above(mean, struck @ assets.covariance @ struck.T)
    # Exercised unless the best is below the strike; if the worst is above it.
    beyond = _above(-sign * (level - math.log(cash)), assets.covariance)
    return asset, call - cash * (1.0 - beyond if sign > 0.0 else beyond)


def _above(mean: Floats, covariance: Floats) -> float:
    """The probability that all of some normal variables are above zero."""
    return float(multivariate_normal.cdf(mean, cov=covariance, allow_singular=True, abseps=1e-7, releps=1e-7))
