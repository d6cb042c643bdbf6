"""Tensor Chebyshev series, thinned out: what they are, and their compiled evaluation.

A function of coordinates in a box is a sum of products of Chebyshev polynomials, one factor a coordinate. Its
coefficients fall geometrically with the degree where the function is analytic, and algebraically where it has a kink
(Trefethen 2013, "Approximation Theory and Approximation Practice", chapters 7 and 8), so that most of a full tensor of
them can be left out: what is kept are *runs*, all degrees of the last coordinate up to some, for a *head*, the degrees
of the others.
"""

from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.pricing.problem import Floats

Ints = NDArray[np.int64]

LANES: Final = 64
"""Contracts that are evaluated abreast."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """A thinned series with pages of ``width`` numbers.

    ``low high``      float64[k], the box
    ``heads``         uint8[runs, k - 1], degrees of all coordinates but the last
    ``starts``        int64[runs + 1], where each run begins
    ``coefficients``  float64[terms, width], run after run
    ``degrees``       int64[k], the highest kept of each coordinate
    """

    low: Floats
    high: Floats
    heads: NDArray[np.uint8]
    starts: Ints
    coefficients: Floats

    @property
    def degrees(self) -> Ints:
        """The highest degree kept of each coordinate."""
        last = int(np.diff(self.starts).max(initial=1)) - 1
        return np.array([*self.heads.max(axis=0, initial=0), last], dtype=np.int64)

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """All that is remembered."""
        return self.low, self.high, self.heads, self.starts, self.coefficients

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self.arrays)

    def workspace(self) -> tuple[Ints, Floats, Floats]:
        """Where each coordinate's polynomials begin, the polynomials of a block, and its sums."""
        first = np.concatenate([[0], np.cumsum(self.degrees + 1)])
        return first, np.empty((int(first[-1]), LANES)), np.empty((self.coefficients.shape[1] + 2, LANES))

    def pages(self, coordinates: Floats) -> Floats:
        """The pages at coordinates float64[n, k], float64[n, width]."""
        out = np.empty((len(coordinates), self.coefficients.shape[1]))
        self.write_pages(coordinates, self.workspace(), out)
        return out

    def write_pages(self, coordinates: Floats, work: tuple[Ints, Floats, Floats], out: Floats) -> None:
        """Write the pages, in a workspace that was made before."""
        series_pages(
            coordinates, self.low, self.high, self.heads, self.starts, self.coefficients, work[0], work[1], work[2], out
        )


def tensor_points(low: Floats, high: Floats, counts: tuple[int, ...]) -> list[Floats]:
    """Chebyshev's points of each coordinate, as many as ``counts`` says."""
    return [
        0.5 * (a + b) + 0.5 * (b - a) * np.polynomial.chebyshev.chebpts1(count)
        for a, b, count in zip(low, high, counts, strict=True)
    ]


def tensor_coefficients(values: Floats, axes: int) -> Floats:
    """The coefficients of the interpolant of ``values`` at :func:`tensor_points`, along the first ``axes``."""
    return reduce(_transformed, range(axes), values)


def _transformed(values: Floats, axis: int) -> Floats:
    count = values.shape[axis]
    points = np.polynomial.chebyshev.chebpts1(count)
    matrix = np.polynomial.chebyshev.chebvander(points, count - 1).T * (2.0 / count)
    matrix[0] *= 0.5
    return np.moveaxis(np.tensordot(matrix, values, axes=(1, axis)), 0, axis)


def thinned(coefficients: Floats, low: Floats, high: Floats, threshold: float) -> Series:
    """The series of a tensor of ``coefficients``, float64[counts..., width], without what is below ``threshold``."""
    *counts, last, width = coefficients.shape
    runs = coefficients.reshape(-1, last, width)
    length = run_lengths(np.abs(runs).max(axis=2), threshold)
    kept = np.flatnonzero(length)
    heads = np.stack(np.unravel_index(kept, counts), axis=1) if counts else np.empty((len(kept), 0))
    flat = [runs[i, : length[i]] for i in kept]
    return Series(
        low=low,
        high=high,
        heads=heads.astype(np.uint8),
        starts=np.concatenate([[0], np.cumsum(length[kept])]),
        coefficients=np.concatenate(flat) if flat else np.empty((0, width)),
    )


def run_lengths(sizes: Floats, threshold: float) -> Ints:
    """How much of each run is to be kept for all ``sizes``, float64[runs, last], above ``threshold``."""
    above = sizes > threshold
    return np.where(above.any(axis=1), sizes.shape[1] - np.argmax(above[:, ::-1], axis=1), 0)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def polynomials(coordinates: Floats, axis: int, low: float, high: float, terms: Floats) -> None:
    """Write Chebyshev's polynomials of a coordinate, held within its interval, by their recurrence: a row a degree."""
    count = len(coordinates)
    middle, per = 0.5 * (low + high), 2.0 / (high - low)
    for i in range(count):
        terms[0, i] = 1.0
        x = (coordinates[i, axis] - middle) * per
        x = x if x > -1.0 else -1.0
        if len(terms) > 1:
            terms[1, i] = x if x < 1.0 else 1.0
    for k in range(2, len(terms)):
        now, before, last, x = terms[k], terms[k - 1], terms[k - 2], terms[1]
        for i in range(count):
            now[i] = 2.0 * x[i] * before[i] - last[i]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def add_run(coefficients: Floats, column: int, terms: Floats, head: Floats, part: Floats, total: Floats) -> None:
    """Add ``head`` times one run of coefficients to ``total``, for all contracts of a block."""
    count = len(part)
    for i in range(count):
        part[i] = coefficients[0, column]
    k = 1
    while k + 1 < len(coefficients):
        c, d = coefficients[k, column], coefficients[k + 1, column]
        one, other = terms[k], terms[k + 1]
        for i in range(count):
            part[i] += c * one[i] + d * other[i]
        k += 2
    if k < len(coefficients):
        c, one = coefficients[k, column], terms[k]
        for i in range(count):
            part[i] += c * one[i]
    for i in range(count):
        total[i] += head[i] * part[i]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def series_pages(
    coordinates: Floats,
    low: Floats,
    high: Floats,
    heads: NDArray[np.uint8],
    starts: Ints,
    coefficients: Floats,
    first: Ints,
    terms: Floats,
    sums: Floats,
    out: Floats,
) -> None:
    """Write the pages at ``coordinates``; ``first terms sums`` are a series' workspace."""
    width = out.shape[1]
    for begin in range(0, len(out), LANES):
        count = min(LANES, len(out) - begin)
        for axis in range(len(low)):
            some = terms[first[axis] : first[axis + 1]]
            polynomials(coordinates[begin : begin + count], axis, low[axis], high[axis], some)
        head, part, last = sums[width, :count], sums[width + 1, :count], terms[first[len(low) - 1] :, :count]
        sums[:width] = 0.0
        for run in range(len(heads)):
            head[:] = 1.0
            for axis in range(heads.shape[1]):
                factor = terms[first[axis] + heads[run, axis]]
                for i in range(count):
                    head[i] *= factor[i]
            some = coefficients[starts[run] : starts[run + 1]]
            for column in range(width):
                add_run(some, column, last, head, part, sums[column, :count])
        for i in range(count):
            for column in range(width):
                out[begin + i, column] = sums[column, i]
