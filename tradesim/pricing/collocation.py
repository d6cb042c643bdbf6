"""How finely the exercise boundary of an American option is resolved, and the tables that follow from it."""

from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from tradesim.pricing.problem import Floats


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """Accuracy of the boundary and of the price, in the notation of Andersen, Lake and Offengenden (2016).

    ``nodes``           n, collocation nodes of the boundary in the square root of time: a multiple of four
    ``iterations``      m, fixed-point sweeps over the nodes
    ``quadrature``      l, Gauss-Legendre nodes of the integrals inside a sweep
    ``price_nodes``     p, Gauss-Legendre nodes of the early exercise premium
    ``tolerance``         move of the boundary's logarithm below which sweeping stops
    """

    nodes: int
    iterations: int
    quadrature: int
    price_nodes: int
    tolerance: float

    @property
    def row_width(self) -> int:
        """Floats that one contract's row takes: see :mod:`tradesim.pricing.american`."""
        return 10 + 6 * self.price_nodes


FAST: Final = Scheme(nodes=8, iterations=10, quadrature=8, price_nodes=16, tolerance=3e-4)
ACCURATE: Final = Scheme(nodes=12, iterations=16, quadrature=8, price_nodes=24, tolerance=1e-5)
HIGH: Final = Scheme(nodes=20, iterations=24, quadrature=16, price_nodes=64, tolerance=1e-7)
"""Largest error over the domain, corners included, as a part of the larger of spot and strike: 6e-6, 3e-7 and 3e-9
(root mean square 1e-7, 5e-9 and 1e-10), against a scheme twice as fine. ``HIGH`` is the reference's, ``ACCURATE`` what methods compute with."""


class Tables(NamedTuple):
    """What the compiled kernels need to know of a scheme: one object for any number of options.

    Time to expiry ``tau`` is scaled by the longest one. At a quadrature node of gap ``g`` a time ``tau g^2`` has passed
    and ``tau (1 - g^2)`` is left, so the kernel's square root is gone.

    ``root``           float64[n], square roots of scaled times of the nodes, ascending to 1; time zero is left out
    ``barycentric``    float64[n + 1], weights of interpolation at zero and at ``root``
    ``gap over_gap weight`` float64[n, l], for every node's quadrature nodes: the square root of the time that passes
                       until then, one over it, and the weight
    ``interpolation``  float64[n, n * l], nodal values to values at every node's quadrature nodes
    ``price_gap price_weight`` float64[p], nodes and weights of the premium
    ``price_interpolation`` float64[n, p], nodal values to values at the nodes of the premium
    ``iterations tolerance`` as in :class:`Scheme`
    """

    root: Floats
    barycentric: Floats
    gap: Floats
    over_gap: Floats
    weight: Floats
    interpolation: Floats
    price_gap: Floats
    price_weight: Floats
    price_interpolation: Floats
    iterations: int
    tolerance: float

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(np.asarray(entry).nbytes for entry in self[:-2])


@cache
def tables_of(scheme: Scheme) -> Tables:
    """The tables of a scheme, made once in a process."""
    order = np.arange(scheme.nodes + 1)
    root = np.sin(0.5 * np.pi * order / scheme.nodes) ** 2
    barycentric = np.where(order % 2 == 0, 1.0, -1.0)
    barycentric[[0, -1]] *= 0.5
    gap, weight = _gap_quadrature(scheme.quadrature)
    price_gap, price_weight = _gap_quadrature(scheme.price_nodes)
    left = np.outer(root[1:], np.sqrt(1.0 - gap * gap)).ravel()
    return Tables(
        root=root[1:].copy(),
        barycentric=barycentric,
        gap=np.outer(root[1:], gap),
        over_gap=1.0 / np.outer(root[1:], gap),
        weight=np.outer(root[1:] ** 2, weight),
        interpolation=_interpolation(left, root, barycentric),
        price_gap=price_gap,
        price_weight=price_weight,
        price_interpolation=_interpolation(np.sqrt(1.0 - price_gap * price_gap), root, barycentric),
        iterations=scheme.iterations,
        tolerance=scheme.tolerance,
    )


def _gap_quadrature(count: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre over the angle ``t`` whose sine is the gap, so that the cosine is the square root of what is left.

    The boundary moves as that square root near expiry, and the integrand as the gap near now: in ``t`` both are smooth.
    """
    node, weight = np.polynomial.legendre.leggauss(count)
    angle = 0.25 * np.pi * (1.0 + node)
    return np.sin(angle), 0.25 * np.pi * weight * np.sin(2.0 * angle)


def _interpolation(at: Floats, nodes: Floats, barycentric: Floats) -> Floats:
    """The matrix from values at ``nodes``, the first of which is zero, to values at points none of which is a node."""
    terms = barycentric[:, None] / (at[None, :] - nodes[:, None])
    return np.ascontiguousarray((terms / terms.sum(axis=0))[1:], dtype=np.float64)
