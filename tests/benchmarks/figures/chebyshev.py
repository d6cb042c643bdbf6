"""How the error of a tensor Chebyshev interpolant falls with its degree: geometrically where the value is smooth."""

from collections.abc import Iterable

import numpy as np
from figure import Figure

from tradesim.methods.chebyshev.build import interpolated
from tradesim.methods.chebyshev.series import thinned
from tradesim.methods.tables import table_of
from tradesim.methods.tables.table import Table
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Domain, Floats, Input, Problem

DEGREES = (4, 8, 16, 32)


def figures() -> Iterable[Figure]:
    """A smooth function, European time values, and American pages, whose boundary turns sharply where r = q."""
    for table in (table_of(SMOOTH), table_of(PROBLEMS["european"]), table_of(PROBLEMS["american"])):
        errors = [page_error(table, degree) for degree in DEGREES]
        told = ", ".join(f"{error:.1e} at {degree}" for degree, error in zip(DEGREES, errors, strict=True))
        yield Figure(what=f"chebyshev, rms error of a page by degree, {table.problem.name}", measured=told)


def page_error(table: Table, degree: int) -> float:
    """The rms error of what stands in a page, over the box of the coordinates."""
    shares = np.random.default_rng(1).random((2_000, len(table.names)))
    points = table.low + shares * (table.high - table.low)
    pages = np.empty((len(points), table.width(0)))
    table.fill(points, pages)
    coefficients = interpolated(table, (degree + 1,) * len(table.names), pages.shape[1])
    error = thinned(coefficients, table.low, table.high, 0.0).pages(points) - pages
    return float(np.sqrt(np.mean(error**2)))


def bell(inputs: Floats) -> Floats:
    """Analytic everywhere."""
    return np.asarray(np.exp(-0.5 * (inputs**2).sum(axis=1)) * np.cos(inputs.sum(axis=1)))


SMOOTH = Problem(
    name="bell",
    version=1,
    domain=Domain(inputs=(Input(name="x", low=-1.0, high=2.0), Input(name="y", low=-1.0, high=2.0))),
    reference=bell,
)
