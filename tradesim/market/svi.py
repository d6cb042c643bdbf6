"""The smile of one expiry: raw SVI, fitted so that it admits no arbitrage.

Total variance ``w`` (variance a year times years) as a function of ``k = ln(strike / forward)``:
``w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2))``. Source: Gatheral and Jacquier, "Arbitrage-free SVI
volatility surfaces", Quantitative Finance 14 (2014): the form is their (3.1), its density condition (2.1).
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import least_squares

from tradesim.errors import ArgumentError
from tradesim.pricing.problem import Floats

LEAST_QUOTES: Final = 5
"""A smile has five parameters."""
STEEPEST: Final = 2.0
"""No wing of total variance is steeper: Lee, "The moment formula for implied volatility at extreme strikes" (2004)."""
PENALTY: Final = 1e3
"""What a breach of arbitrage counts for, in half-spreads."""
CUSHION: Final = 1e-3
"""Arbitrage is penalised from so far before it is there, for a penalty bends and does not hold."""
LEAST_VARIANCE: Final = 1e-8
NARROWEST: Final = 1e-2
WIDEST: Final = 4.0
"""Between these, in units of the farthest quote, lies ``sigma``."""


@dataclass(frozen=True, kw_only=True)
class Smile:
    """Raw SVI. ``b`` is positive, ``rho`` between -1 and 1, ``sigma`` positive, and the least variance not negative."""

    a: float
    b: float
    rho: float
    m: float
    sigma: float

    def __post_init__(self) -> None:
        least = self.a + self.b * self.sigma * math.sqrt(max(1.0 - self.rho**2, 0.0))
        if not (self.b >= 0.0 and abs(self.rho) <= 1.0 and self.sigma > 0.0 and least >= -1e-12):
            raise ArgumentError(
                f"{self}: b must not be negative, rho lie from -1 to 1, sigma be positive, and no variance negative"
            )

    def variance(self, k: Floats) -> Floats:
        """Total variance at each ``k``."""
        shifted = k - self.m
        return self.a + self.b * (self.rho * shifted + np.sqrt(shifted**2 + self.sigma**2))

    def volatility(self, k: Floats, years: float) -> Floats:
        """Volatility a year of an option with ``years`` to expiry."""
        return np.sqrt(np.maximum(self.variance(k), LEAST_VARIANCE) / years)

    def density(self, k: Floats) -> Floats:
        """Durrleman's ``g``: where it is negative, so is the density of the spot at expiry (butterfly arbitrage)."""
        root = np.sqrt((k - self.m) ** 2 + self.sigma**2)
        w = np.maximum(self.variance(k), LEAST_VARIANCE)
        slope = self.b * (self.rho + (k - self.m) / root)
        bend = self.b * self.sigma**2 / root**3
        return (1.0 - 0.5 * k * slope / w) ** 2 - 0.25 * slope**2 * (1.0 / w + 0.25) + 0.5 * bend


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """A smile, and the ``k`` of the quotes that it was fitted to; further out it says nothing."""

    smile: Smile
    k: Floats

    @property
    def lattice(self) -> Floats:
        """Where the smile is held free of arbitrage: 41 points over its quotes and a tenth of their width beyond."""
        margin = 0.1 * (self.k.max() - self.k.min())
        return np.linspace(self.k.min() - margin, self.k.max() + margin, 41)

    def above(self, below: "Fitted") -> Floats:
        """Total variance above that of the expiry before, on as much of its lattice as this one spans.

        Where it is negative, a calendar spread is free (Gatheral and Jacquier, lemma 2.1).
        """
        shared = below.lattice[(below.lattice >= self.k.min()) & (below.lattice <= self.k.max())]
        return self.smile.variance(shared) - below.smile.variance(shared)


def fit_smile(k: Floats, volatility: Floats, error: Floats, years: float, *, below: Fitted | None = None) -> Fitted:
    """The smile nearest to the volatilities of ``n`` quotes at ``k``, each counted in units of its ``error``.

    ``below`` is the expiry before. Free butterflies and calendar spreads are penalised; quotes far off lose weight
    (soft L1), for one bad quote must not bend a smile.

    Raises :class:`~tradesim.errors.ArgumentError` for fewer than five quotes.
    """
    if len(k) < LEAST_QUOTES:
        raise ArgumentError(f"{len(k)} quotes carry a volatility: a smile needs at least {LEAST_QUOTES}")
    scale = float(np.median(volatility)) ** 2 * years

    def residuals(natural: Floats) -> Floats:
        trial = Fitted(smile=_raw(natural), k=k)
        misfit = _soft((trial.smile.volatility(k, years) - volatility) / error)
        free = np.minimum(trial.smile.density(trial.lattice) - CUSHION, 0.0)
        crossed = np.minimum(trial.above(below) / scale - CUSHION, 0.0) if below is not None else np.empty(0)
        return np.concatenate([misfit, PENALTY * free, PENALTY * crossed])

    width = max(float(np.abs(k).max()), 0.01)
    steep = scale / width
    low = np.array([0.0, 1e-3 * steep, 1e-3 * steep, -2.0 * width, NARROWEST * width])
    high = np.array([10.0 * scale, STEEPEST, STEEPEST, 2.0 * width, WIDEST * width])
    found = [
        least_squares(
            residuals, np.clip(start, low, high), bounds=(low, high), x_scale=[scale, steep, steep, width, width]
        )
        for start in _starts(k, volatility**2 * years, error * volatility * years, width)
    ]
    return Fitted(smile=_raw(min(found, key=lambda one: float(one.cost)).x), k=k)


def _soft(z: Floats) -> Floats:
    """Residuals whose squares are the soft L1 loss ``2 (sqrt(1 + z^2) - 1)``, smooth through zero."""
    return z * np.sqrt(2.0 / (np.sqrt(1.0 + z**2) + 1.0))


def _raw(natural: Floats) -> Smile:
    """From least variance, slopes of the left and the right wing, place and width: all bounds are a box in these."""
    least, left, right, m, sigma = (float(x) for x in natural)
    b = 0.5 * (left + right)
    rho = (right - left) / (left + right)
    return Smile(a=least - b * sigma * math.sqrt(max(1.0 - rho**2, 0.0)), b=b, rho=rho, m=m, sigma=sigma)


def _starts(k: Floats, variance: Floats, error: Floats, width: float) -> list[Floats]:
    """The two best of a lattice of ``m`` and ``sigma``, given which all else is linear in ``b rho``, ``b`` and ``a``.

    Source: De Marco and Martini, "Quasi-explicit calibration of Gatheral's SVI model" (Zeliade, 2009).
    """
    tried = []
    for m in width * np.linspace(-0.8, 0.8, 9):
        for sigma in width * np.geomspace(0.03, 1.5, 6):
            root = np.sqrt((k - m) ** 2 + sigma**2)
            terms = np.column_stack([k - m, root, np.ones(len(k))])
            tilt, b, a = np.linalg.lstsq(terms / error[:, None], variance / error, rcond=None)[0]
            b = max(b, 1e-9)
            tilt = min(max(tilt, -0.999 * b), 0.999 * b)
            misfit = np.mean(_soft((terms @ [tilt, b, a] - variance) / error) ** 2)
            tried.append((misfit, [a + sigma * np.sqrt(b**2 - tilt**2), b - tilt, b + tilt, m, sigma]))
    return [np.array(natural) for _, natural in sorted(tried)[:2]]
