"""The transform of Heston's model, and the even steps at which it tells the whole price.

With ``X`` the logarithm of the spot at expiry over its forward, ``h(u) = E[exp((1/2 + iu) X)]`` is known in closed
form. What an option is worth beyond certainty, in units of ``sqrt(asset cash)``, is a function ``t(k)`` of ``k =
ln(asset / cash)`` alone, the same for calls and puts::

    exp(-|k| / 2) - t(k) = 1 / pi  integral from 0 to infinity of Re[exp(iuk) h(u)] / (u^2 + 1/4) du

(A. Lewis 2001, "A simple option formula for general jump-diffusion and other exponential Levy processes"). Even steps
``2 pi / P`` integrate this exactly but for the images at ``k + n P`` (Poisson's sum): those of the exponential are a
closed form, those of ``t`` are nil where the period is as wide as ``t`` reaches. The moments of ``X`` bound that reach:
``t(k) <= c(w) E[exp((1/2 + w) X)] exp(w k)``, and for a ``k`` above zero the same with ``-w``.

The transform is written without the cancellations and jumps of branch of its first forms (H. Albrecher, P. Mayer,
W. Schoutens and J. Tistaert 2007, "The little Heston trap"); vol of vol may be zero.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numba import njit

TOLERANCE: Final = 1e-13
"""What images and the steps left out may come to, in units of ``sqrt(asset cash)``."""
MOST_STEPS: Final = 100_000
"""A transform that has not faded after so many steps is given up: NaN."""
LEAST_VARIANCE: Final = 1e-24
"""With less until expiry there is no uncertainty."""
SMALL: Final = 1e-5
"""Below this a logarithm of ``1 + x`` is its series."""


class Dynamics(NamedTuple):
    """One expiry (years) and the parameters of ``dv = reversion (long_variance - v) dt + vol_of_vol sqrt(v) dW``."""

    expiry: float
    variance: float
    reversion: float
    long_variance: float
    vol_of_vol: float
    correlation: float


@njit(cache=True, error_model="numpy", inline="always")
def unexpired_share(pace: float) -> float:
    """``(1 - exp(-pace)) / pace``, one at zero."""
    return -math.expm1(-pace) / pace if pace != 0.0 else 1.0


@njit(cache=True, error_model="numpy")
def total_variance(d: Dynamics) -> float:
    """Mean of the variance that the logarithm of the spot gathers until expiry."""
    share = unexpired_share(d.reversion * d.expiry)
    return d.expiry * (d.long_variance + (d.variance - d.long_variance) * share)


@njit(cache=True, error_model="numpy", inline="always")
def quotient(a: complex, b: complex) -> complex:
    """``a / b`` where the square of ``b`` neither overflows nor vanishes."""
    return a * b.conjugate() * (1.0 / (b.real * b.real + b.imag * b.imag))


@njit(cache=True, error_model="numpy")
def transform(u: float, d: Dynamics) -> tuple[complex, complex]:
    """``ln h(u)`` and its derivative by the initial variance."""
    xi, rho = d.vol_of_vol, d.correlation
    q = u * u + 0.25
    beta = complex(d.reversion - 0.5 * rho * xi, -rho * xi * u)
    real = beta.real * beta.real + xi * xi * (u * u * (1.0 - rho * rho) + 0.25)
    imag = 2.0 * beta.real * beta.imag
    root_real = math.sqrt(0.5 * (real + math.sqrt(real * real + imag * imag)))
    root = complex(root_real, imag / (2.0 * root_real))
    fade = math.exp(-root.real * d.expiry)
    turn = root.imag * d.expiry
    gone = quotient(complex(1.0 - fade * math.cos(turn), fade * math.sin(turn)), 2.0 * root)
    slow = quotient(complex(q), beta + root)
    x = -xi * xi * slow * gone
    by_variance = -q * quotient(gone, 1.0 + x)
    if abs(x.real) + abs(x.imag) < SMALL:
        logarithm = -slow * gone * (1.0 - x * (0.5 - x / 3.0))
    else:
        size = 0.5 * math.log1p(2.0 * x.real + x.real * x.real + x.imag * x.imag)
        logarithm = complex(size, math.atan2(x.imag, 1.0 + x.real)) / (xi * xi)
    level = -d.reversion * d.long_variance * (slow * d.expiry + 2.0 * logarithm)
    return level + d.variance * by_variance, by_variance


@njit(cache=True, error_model="numpy")
def log_moment(p: float, d: Dynamics) -> float:
    """``ln E[exp(p X)]`` for ``p`` below 0 or above 1; infinite where the moment has exploded before expiry.

    Source: L. Andersen and V. Piterbarg (2007), "Moment explosions in stochastic volatility models", proposition 3.1.
    """
    xi = d.vol_of_vol
    q = p * (p - 1.0)
    beta = d.reversion - d.correlation * xi * p
    square = beta * beta - xi * xi * q
    if square > 0.0:
        root = math.sqrt(square)
        gone = -math.expm1(-root * d.expiry) / (2.0 * root)
        slow = q / (beta + root) if beta > 0.0 else (beta - root) / (xi * xi)
        x = xi * xi * slow * gone
        if not x > -1.0:
            return math.inf
        logarithm = slow * gone * (1.0 - 0.5 * x) if abs(x) < SMALL else math.log1p(x) / (xi * xi)
        gathered = slow * d.expiry - 2.0 * logarithm
        by_variance = q * gone / (1.0 + x)
    else:
        root = math.sqrt(-square)
        half = 0.5 * root * d.expiry
        if half >= math.atan2(root, -beta):
            return math.inf
        sine = math.sin(half) / root if root > 0.0 else 0.5 * d.expiry
        x = math.cos(half) + beta * sine
        gathered = (beta * d.expiry - 2.0 * math.log(x)) / (xi * xi)
        by_variance = q * sine / x
    return d.reversion * d.long_variance * gathered + d.variance * by_variance


@njit(cache=True, error_model="numpy")
def reach_on(side: float, d: Dynamics) -> float:
    """A ``|k|`` beyond which ``t`` is below the tolerance: where ``k`` is negative (side +1), or positive (side -1).

    The moments are tried from the one that is best for a normal ``X`` downwards. Infinite where none exists.
    """
    wanted = -math.log(TOLERANCE)
    w = max(math.sqrt(2.0 * wanted / total_variance(d)), 0.6)
    best = math.inf
    while w > 0.5:
        constant = (w - 0.5) * math.log(w - 0.5) - (w + 0.5) * math.log(w + 0.5)
        bound = max((wanted + constant + log_moment(0.5 + side * w, d)) / w, 0.0)
        if bound > best:
            break
        best = min(best, bound)
        w *= 0.85
    return best


@njit(cache=True, error_model="numpy")
def reach(d: Dynamics) -> tuple[float, float]:
    """How far below and above zero ``k`` still has a ``t``; zero without uncertainty, NaN where it is not known."""
    variance = total_variance(d)
    if variance < LEAST_VARIANCE or d.expiry <= 0.0:
        return 0.0, 0.0
    below, above = reach_on(1.0, d), reach_on(-1.0, d)
    if not below + above < math.inf:
        return np.nan, np.nan
    return below, above


@njit(cache=True, error_model="numpy", inline="always")
def exponentials(k: float, image: float) -> float:
    """``exp(-|k| / 2)`` and all its images at one period's distances, ``k`` within a period of zero.

    ``image`` is ``1 / (exp(P / 2) - 1)``.
    """
    near = math.exp(-0.5 * abs(k))
    return near + image * (near + 1.0 / near)


@njit(cache=True, error_model="numpy")
def time_value(k: float, d: Dynamics) -> float:
    """``t(k)``: what an option is worth beyond certainty, in units of ``sqrt(asset cash)``.

    The period is the least that keeps the images out of reach of this ``k``.
    """
    below, above = reach(d)
    if k <= -below or k >= above:
        return 0.0
    period = max(above - k, below + k)
    step, image = 2.0 * math.pi / period, 1.0 / math.expm1(0.5 * period)
    total = 0.0
    for j in range(MOST_STEPS):
        u = j * step
        log_h, _ = transform(u, d)
        weight = math.exp(log_h.real) / (u * u + 0.25)
        total += (weight if j else 0.5 * weight) * math.cos(log_h.imag + u * k)
        if not weight * u > TOLERANCE and j:
            return exponentials(k, image) - total * step / math.pi
    return np.nan
