"""The arguments of the pricing functions of equity options, checked once at the door."""

from dataclasses import dataclass

import numpy as np

from tradesim.errors import ArgumentError
from tradesim.pricing.problem import Floats, Rights

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
    rights = np.ascontiguousarray(right, dtype=np.int8)
    shapes = {name: column.shape for name, column in columns.items()} | {"right": rights.shape}
    for name, shape in shapes.items():
        if shape != (rights.size,):
            raise ArgumentError(f"{name} has shape {shape}: all inputs are arrays of one length; broadcast them")
    for name, column in columns.items():
        check_column(name, column, not_negative=name in NOT_NEGATIVE)
    if not np.isin(rights, (-1, 1)).all():
        raise ArgumentError("right is neither +1 nor -1: give +1 for a call and -1 for a put")
    return Points(**columns, right=rights)


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
