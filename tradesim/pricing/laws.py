"""What every price without arbitrage obeys, whatever the model: bounds, shapes along an input, parity.

Source: R. C. Merton (1973), "Theory of rational option pricing", Bell Journal of Economics 4, with a continuous
dividend yield that may be negative. Laws that fail for a problem are left out of its list: a European or an Asian
option may fall with time to expiry.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from tradesim.pricing.problem import Domain, Floats, Problem

TOLERANCE: Final = 1e-4
"""Violations up to this, in the money of the domain (a strike of 100), are noise: flat exercise regions have it."""


class Shape(StrEnum):
    """What a price does along an input."""

    RISING = "rising"
    CONVEX = "convex"
    SLOPE = "slope"
    """Its delta is within the bounds of :class:`Bounds` ``slope``."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Functions of inputs float64[n, d] to float64[n], in currency; ``slope`` bounds the size of delta."""

    floor: Callable[[Floats], Floats]
    cap: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]


@dataclass(frozen=True, kw_only=True)
class Laws:
    """The laws of one problem.

    ``bounds``   None: the price of anything
    ``european`` a price that it is never below; None: the floor says all
    ``shapes``   pairs of an input and the shape of the price along it
    ``parity``   bounds of call less put, as functions of either's inputs; equal ones are an equality
    """

    bounds: Bounds | None = None
    european: Callable[[Floats], Floats] | None = None
    shapes: tuple[tuple[str, Shape], ...] = ()
    parity: tuple[Callable[[Floats], Floats], Callable[[Floats], Floats]] | None = None


def vanilla_laws(domain: Domain) -> Laws:
    """Laws of a European option on an asset, or the mean of several alike, whatever else its model has."""
    column = {name: domain.column(name) for name in ("strike", "expiry", "rate", "dividend", "right")}
    spot = domain.names[0]

    def asset(inputs: Floats) -> Floats:
        return np.asarray(inputs[:, : domain.fast].mean(axis=1) * discount(inputs, "dividend"))

    def cash(inputs: Floats) -> Floats:
        return np.asarray(inputs[:, column["strike"]] * discount(inputs, "rate"))

    def discount(inputs: Floats, name: str) -> Floats:
        return np.asarray(np.exp(-inputs[:, column[name]] * inputs[:, column["expiry"]]))

    def forward(inputs: Floats) -> Floats:
        return asset(inputs) - cash(inputs)

    return Laws(
        bounds=Bounds(
            floor=lambda inputs: np.maximum(inputs[:, column["right"]] * forward(inputs), 0.0),
            cap=lambda inputs: np.where(inputs[:, column["right"]] > 0, asset(inputs), cash(inputs)),
            slope=lambda inputs: discount(inputs, "dividend") / domain.fast,
        ),
        shapes=(
            (spot, Shape.SLOPE),
            (spot, Shape.CONVEX),
            ("strike", Shape.CONVEX),
            ("volatility", Shape.RISING),
        ),
        parity=(forward, forward),
    )


def american_laws(domain: Domain, european: Callable[[Floats], Floats] | None) -> Laws:
    """Laws of an American option on one asset; ``european`` prices it without early exercise."""
    spot, strike, expiry, rate, dividend, right = (
        domain.column(name) for name in ("spot", "strike", "expiry", "rate", "dividend", "right")
    )

    def most(inputs: Floats, yielded: int) -> Floats:
        return np.asarray(np.maximum(1.0, np.exp(-inputs[:, yielded] * inputs[:, expiry])))

    def least(inputs: Floats, yielded: int) -> Floats:
        return np.asarray(np.minimum(1.0, np.exp(-inputs[:, yielded] * inputs[:, expiry])))

    return Laws(
        bounds=Bounds(
            floor=lambda inputs: np.maximum(inputs[:, right] * (inputs[:, spot] - inputs[:, strike]), 0.0),
            cap=lambda inputs: np.where(
                inputs[:, right] > 0,
                inputs[:, spot] * most(inputs, dividend),
                inputs[:, strike] * most(inputs, rate),
            ),
            slope=lambda inputs: most(inputs, dividend),
        ),
        european=european,
        shapes=(
            ("spot", Shape.SLOPE),
            ("spot", Shape.CONVEX),
            ("strike", Shape.CONVEX),
            ("volatility", Shape.RISING),
            ("expiry", Shape.RISING),
        ),
        parity=(
            lambda inputs: inputs[:, spot] * least(inputs, dividend) - inputs[:, strike] * most(inputs, rate),
            lambda inputs: inputs[:, spot] * most(inputs, dividend) - inputs[:, strike] * least(inputs, rate),
        ),
    )


def laws_of(problem: Problem) -> Laws:
    """The laws of ``problem``; for one with a strike and nothing else known, that it is not negative."""
    if problem.laws is not None:
        return problem.laws(problem)
    names = problem.domain.names
    if problem.domain.unit is None:
        return Laws()
    shapes = [("volatility", Shape.RISING)] if "volatility" in names else []
    if problem.domain.fast == 1 and "spot" in names:
        shapes.append(("spot", Shape.CONVEX))
    if "strike" in names:
        shapes.append(("strike", Shape.CONVEX))
    return Laws(
        bounds=Bounds(
            floor=lambda inputs: np.zeros(len(inputs)),
            cap=lambda inputs: np.full(len(inputs), np.inf),
            slope=lambda inputs: np.full(len(inputs), np.inf),
        ),
        shapes=tuple(shapes),
    )
