"""How finely the exercise boundary of an American option is resolved, and the tables that follow from it."""

from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from tradesim.pricing.problem import Floats


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """Accuracy of the boundary and of the price, in the notation of Andersen, Lake and Offengenden (2016).

    ``nodes``           n, collocation nodes of the boundary in the square root of time
    ``iterations``      m, fixed-point sweeps over the nodes
    ``quadrature``      l, Gauss-Legendre nodes of the integrals inside a sweep
    ``price_nodes``     p, Gauss-Legendre nodes of the early exercise premium
    """

    nodes: int
    iterations: int
    quadrature: int
    price_nodes: int

    @property
    def row_width(self) -> int:
        """Floats that one contract's row takes: see :mod:`tradesim.pricing.american`."""
        return 5 + 5 * (self.price_nodes + 1)


FAST: Final = Scheme(nodes=6, iterations=2, quadrature=8, price_nodes=16)
ACCURATE: Final = Scheme(nodes=10, iterations=4, quadrature=16, price_nodes=24)
HIGH: Final = Scheme(nodes=14, iterations=6, quadrature=24, price_nodes=48)


class Tables(NamedTuple):
    """What the compiled kernels need to know of a scheme: one object for any number of options.

    Time to expiry ``tau`` is scaled by the longest one. A quadrature node at gap ``g`` of a time ``tau`` looks at the
    boundary ``tau g^2`` after ``tau``'s instant, where ``tau (1 - g^2)`` is left: the square root in the kernel is gone.

    ``root``           float64[n], square roots of scaled times of the nodes, ascending to 1; time zero is left out
    ``barycentric``    float64[n + 1], weights of interpolation at zero and at ``root``
    ``gap weight``     float64[l], nodes and weights of the integrals inside a sweep
    ``interpolation``  float64[n * l, n], nodal values to values at every node's quadrature nodes
    ``price_gap price_weight`` float64[p], nodes and weights of the premium
    ``iterations``     sweeps
    """

    root: Floats
    barycentric: Floats
    gap: Floats
    weight: Floats
    interpolation: Floats
    price_gap: Floats
    price_weight: Floats
    iterations: int


@cache
def tables_of(scheme: Scheme) -> Tables:
    """The tables of a scheme, made once in a process."""
    order = np.arange(scheme.nodes + 1)
    root = np.sin(0.5 * np.pi * order / scheme.nodes) ** 2
    barycentric = (-1.0) ** order
    barycentric[[0, -1]] *= 0.5
    gap, weight = _gap_quadrature(scheme.quadrature)
    price_gap, price_weight = _gap_quadrature(scheme.price_nodes)
    left = np.outer(root[1:], np.sqrt(1.0 - gap * gap)).ravel()
    return Tables(
        root=root[1:].copy(),
        barycentric=barycentric,
        gap=gap,
        weight=weight,
        interpolation=_interpolation(left, root, barycentric)[:, 1:].copy(),
        price_gap=price_gap,
        price_weight=price_weight,
        iterations=scheme.iterations,
    )


def _gap_quadrature(count: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre for an integral over scaled time, in the variable whose square is the gap."""
    node, weight = np.polynomial.legendre.leggauss(count)
    gap = 0.5 * (1.0 + node)
    return gap, weight * gap


def _interpolation(at: Floats, nodes: Floats, barycentric: Floats) -> Floats:
    """The matrix that takes values at ``nodes`` to values at points none of which is a node."""
    terms = barycentric / (at[:, None] - nodes[None, :])
    return np.asarray(terms / terms.sum(axis=1, keepdims=True))
