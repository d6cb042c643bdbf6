"""A closed form near Heston's price: Black and Scholes at the mean variance, plus two orders of vol of vol.

With ``s`` the root of the mean variance until expiry, ``y = ln(asset / cash) / s`` and ``m(t)`` the mean of the
variance at ``t``, three integrals are all that the expansion needs of the dynamics::

    U = rho xi / 2 integral of m(t) a(T - t) dt        a(t) = (1 - exp(-kappa t)) / kappa
    R = xi^2 / 8 integral of m(t) a(T - t)^2 dt        b(t) = (a(t) - t exp(-kappa t)) / kappa
    W = (rho xi)^2 / 2 integral of m(t) b(T - t) dt

The logarithm of ``E[exp(zX)]`` is ``z (z - 1) (s^2 / 2 + U z + R z (z - 1) + W z^2)`` to the second order, so the
price is that of Black and Scholes and derivatives of its density: a polynomial in ``y`` of degree one for the first
order, the *skew*, and of degree four for the second, the *smile*. ``U`` and ``R`` are those of E. Alos, R. de Santiago
and J. Vives (2015), "Calibration of stochastic volatility models via second-order approximation: the Heston case",
International Journal of Theoretical and Applied Finance 18; ``8 R`` is the variance of the variance gathered.

An expansion in vol of vol runs away where that is not small, so both orders are damped by ``8 R / s^4``; the two
constants are those, of a few tried, with the least error over the domain.
"""

import math
from typing import Final

from numba import njit

from tradesim.pricing.heston_transform import Dynamics
from tradesim.pricing.problem import Floats

BRIEF: Final = 1e-3
"""Below this ``kappa T`` the variance is taken to rest: what is left of the closed forms then is rounding."""
DENSITY: Final = 1.0 / math.sqrt(2.0 * math.pi)
SKEW_DAMPED: Final = 1.0
SMILE_DAMPED: Final = 0.3

SKEW: Final = 0
SMILE: Final = 2
SKEW_SHARE: Final = 7
SMILE_SHARE: Final = 8
COEFFICIENTS: Final = 9
"""Where the coefficients of the two polynomials begin, lowest power first, and what is left of each order."""


@njit(cache=True, error_model="numpy")
def integrals(d: Dynamics) -> tuple[float, float, float]:
    """``U``, ``R`` and ``W``."""
    c = d.reversion * d.expiry
    if c < BRIEF:
        a = d.variance * d.expiry * d.expiry / 2.0
        squared, b = a * d.expiry * 2.0 / 3.0, a * d.expiry / 3.0
    else:
        fade, excess = math.exp(-c), d.variance - d.long_variance
        gone = 1.0 - fade
        per = 1.0 / (d.reversion * d.reversion)
        a = per * (d.long_variance * (c - gone) + excess * (gone - c * fade))
        per /= d.reversion
        squared = d.long_variance * (c - 2.0 * gone + 0.5 * (1.0 - fade * fade))
        squared = per * (squared + excess * (1.0 - 2.0 * c * fade - fade * fade))
        b = d.long_variance * (c - 2.0 * gone + c * fade) + excess * (gone - c * fade - 0.5 * c * c * fade)
        b *= per
    linked = d.correlation * d.vol_of_vol
    return 0.5 * linked * a, 0.125 * d.vol_of_vol * d.vol_of_vol * squared, 0.5 * linked * linked * b


@njit(cache=True, error_model="numpy")
def write_expansion(d: Dynamics, deviation: float, out: Floats) -> None:
    """Write the coefficients, float64[9], for values in units of ``sqrt(asset cash) s``.

    ``(D + 1/2) U`` and ``(D^2 - 1/4) R + (D + 1/2)^2 W + (D + 1/2)^2 (D^2 - 1/4) U^2 / 2`` act on the normal density,
    whose derivatives are Hermite polynomials.
    """
    u, r, w = integrals(d)
    per = 1.0 / deviation
    unit = per * per * DENSITY
    half = 0.5 * u * u
    h0, h1 = 0.25 * (w - r) - half / 16.0, -per * (w - 0.25 * half)
    h2, h3, h4 = per**2 * (r + w), -(per**3) * half, per**4 * half
    out[SKEW], out[SKEW + 1] = 0.5 * u * unit, -u * per * unit
    out[SMILE], out[SMILE + 1] = (h0 - h2 + 3.0 * h4) * unit, (h1 - 3.0 * h3) * unit
    out[SMILE + 2], out[SMILE + 3], out[SMILE + 4] = (h2 - 6.0 * h4) * unit, h3 * unit, h4 * unit
    relative = 8.0 * r * per**4
    out[SKEW_SHARE] = 1.0 / math.sqrt(1.0 + SKEW_DAMPED * relative)
    out[SMILE_SHARE] = 1.0 / (1.0 + SMILE_DAMPED * relative)


@njit(cache=True, error_model="numpy", inline="always")
def skew_and_smile(y: float, deviation: float, e: Floats) -> tuple[float, float]:
    """The two orders as they are, undamped, in units of ``sqrt(asset cash) s``."""
    density = math.exp(-0.5 * y * y - 0.125 * deviation * deviation)
    smile = (((e[SMILE + 4] * y + e[SMILE + 3]) * y + e[SMILE + 2]) * y + e[SMILE + 1]) * y + e[SMILE]
    return (e[SKEW] + e[SKEW + 1] * y) * density, smile * density
