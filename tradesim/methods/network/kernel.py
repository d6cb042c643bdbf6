"""A multilayer perceptron in memory, and its compiled evaluation.

Inputs are held within the box of what was learned and normalised; each hidden layer is ``tanh`` of a linear map, the
last layer linear. A block of options is a column each, so that every loop runs over options and is vectorised.
"""

from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tradesim.pricing.elementary import exp
from tradesim.pricing.problem import Floats

BLOCK: Final = 64
"""Options evaluated together."""


class Network(NamedTuple):
    """A perceptron.

    ``sizes``        int64[layers + 1]: inputs, units of the hidden layers, 1
    ``weights``      float64[...]: layer by layer, unit by unit, its bias and then a weight for each input
    ``low high``     float64[inputs]: features are held between them
    ``centre pace``  float64[inputs]: an input is ``(feature - centre) pace``
    ``unit``         what the output is multiplied by
    """

    sizes: NDArray[np.int64]
    weights: Floats
    low: Floats
    high: Floats
    centre: Floats
    pace: Floats
    unit: float

    @property
    def nbytes(self) -> int:
        """Bytes of weights and normalisation."""
        return sum(each.nbytes for each in self if isinstance(each, np.ndarray)) + 8


def workspace(network: Network) -> Floats:
    """What an evaluation writes to: two layers of a block, float64[2, units, options]."""
    return np.zeros((2, int(network.sizes.max()), BLOCK))


def weights_in(sizes: tuple[int, ...]) -> int:
    """How many weights and biases a perceptron of these sizes has."""
    return sum((before + 1) * units for before, units in pairwise(sizes))


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _linear(before: Floats, inputs: int, weights: Floats, units: int, after: Floats, count: int) -> None:
    """Write the linear map of a layer, four inputs at a time: sums are then seldom stored and read again."""
    at = 0
    for unit in range(units):
        row, bias = after[unit], weights[at]
        for i in range(count):
            row[i] = bias
        at += 1
        k = 0
        while k + 4 <= inputs:
            w0, w1, w2, w3 = weights[at + k], weights[at + k + 1], weights[at + k + 2], weights[at + k + 3]
            a0, a1, a2, a3 = before[k], before[k + 1], before[k + 2], before[k + 3]
            for i in range(count):
                row[i] += (w0 * a0[i] + w1 * a1[i]) + (w2 * a2[i] + w3 * a3[i])
            k += 4
        while k < inputs:
            w0, a0 = weights[at + k], before[k]
            for i in range(count):
                row[i] += w0 * a0[i]
            k += 1
        at += inputs


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _squash(row: Floats, count: int) -> None:
    """``tanh`` of each, in place."""
    for i in range(count):
        row[i] = 1.0 - 2.0 / (exp(2.0 * row[i]) + 1.0)


@njit(cache=True, error_model="numpy")
def network_values(features: Floats, network: Network, space: Floats, out: Floats) -> None:
    """Write the value of each row of features, of which the first ``sizes[0]`` are the inputs."""
    sizes, low, high = network.sizes, network.low, network.high
    layers = len(sizes) - 1
    for start in range(0, len(out), BLOCK):
        count = min(BLOCK, len(out) - start)
        before, after = space[0], space[1]
        for k in range(sizes[0]):
            for i in range(count):
                held = min(max(features[start + i, k], low[k]), high[k])
                before[k, i] = (held - network.centre[k]) * network.pace[k]
        at = 0
        for layer in range(layers):
            inputs, units = sizes[layer], sizes[layer + 1]
            _linear(before, inputs, network.weights[at:], units, after, count)
            at += (inputs + 1) * units
            if layer + 1 < layers:
                for unit in range(units):
                    _squash(after[unit], count)
            before, after = after, before
        for i in range(count):
            out[start + i] = before[0, i] * network.unit
