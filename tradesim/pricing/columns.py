"""The arguments of the pricing functions of equity options, checked once at the door."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.pricing.problem import Floats, Problem, Rights, Spacing

NAMES = ("spot", "strike", "expiry", "volatility", "rate", "dividend")
NOT_NEGATIVE = ("spot", "strike", "expiry", "volatility")


@dataclass(frozen=True, kw_only=True, eq=False)
class Points:
    """Inputs of many options: seven arrays of one length, in currency, years and rates a year."""

    spot: Floats
    strike: Floats
    expiry: Floats
    volatility: Floats
    rate: Floats
    dividend: Floats
    right: Rights

    def __len__(self) -> int:
        return len(self.spot)

    def columns(self) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats, Rights]:
        """The arrays in the order in which every pricing function takes them."""
        return self.spot, self.strike, self.expiry, self.volatility, self.rate, self.dividend, self.right

    def inputs(self) -> Floats:
        """The table of a problem's inputs, float64[n, 7]."""
        return np.stack([np.asarray(column, dtype=np.float64) for column in self.columns()], axis=1)

    @classmethod
    def of(cls, inputs: Floats) -> "Points":
        """The points of a table of inputs, float64[n, 7]."""
        return checked_points(*inputs.T)


def checked_points(
    spot: Floats, strike: Floats, expiry: Floats, volatility: Floats, rate: Floats, dividend: Floats, right: Rights
) -> Points:
    """The inputs as contiguous arrays of one length; ``ArgumentError`` names the first input that breaks a rule."""
    columns = {
        name: np.ascontiguousarray(column, dtype=np.float64)
        for name, column in zip(NAMES, (spot, strike, expiry, volatility, rate, dividend), strict=True)
    }
    rights = np.asarray(right)
    shapes = {name: column.shape for name, column in columns.items()} | {"right": rights.shape}
    for name, shape in shapes.items():
        if shape != (rights.size,):
            raise ArgumentError(f"{name} has shape {shape}: all inputs are arrays of one length; broadcast them")
    for name, column in columns.items():
        check_column(name, column, not_negative=name in NOT_NEGATIVE)
    check_either("right", rights, (-1, 1))
    return Points(**columns, right=np.ascontiguousarray(rights, dtype=np.int8))


def check_either(name: str, column: NDArray[Any], choices: tuple[int, int]) -> None:
    """``ArgumentError`` names the first value that is neither of two ``choices``, as it was given, before any cast."""
    allowed = (np.asarray(column) == choices[0]) | (np.asarray(column) == choices[1])
    if not np.all(allowed):
        worst = int(np.argmin(allowed))
        meaning = "+1 for a call, -1 for a put" if -1 in choices else "0 for European, 1 for American"
        raise ArgumentError(f"{name}[{worst}] is {np.ravel(column)[worst]}: it must be {meaning}; mend that option")


def check_column(name: str, column: Floats, *, not_negative: bool) -> None:
    """``ArgumentError`` names the first value that is not finite, or below zero where it must not be."""
    allowed = np.isfinite(column)
    rule = "finite"
    if not_negative:
        allowed &= column >= 0.0
        rule = "finite and not negative"
    if not allowed.all():
        worst = int(np.argmin(allowed))
        raise ArgumentError(f"{name}[{worst}] is {column[worst]}: it must be {rule}; drop or mend that option")


def check_inputs(problem: Problem, inputs: Floats) -> None:
    """``ArgumentError`` names the first of ``inputs``, float64[n, inputs], that is not finite or against a rule.

    Rules are those of its spacing in the domain (a sign, a whole number) and the problem's own.
    """
    for each, column in zip(problem.domain.inputs, inputs.T, strict=True):
        check_column(each.name, column, not_negative=False)
        if each.spacing is Spacing.SIGN:
            check_either(each.name, column, (-1, 1))
        if each.spacing is Spacing.WHOLE and (column != np.floor(column)).any():
            worst = int(np.argmax(column != np.floor(column)))
            raise ArgumentError(f"{each.name}[{worst}] is {column[worst]}: it must be a whole number; mend that option")
    if problem.check is not None:
        problem.check(inputs)
