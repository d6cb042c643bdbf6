"""The law of the sum of an Asian option's fixings, as a mixture of shifted lognormals found by recursion: the truth.

The sum is built from its end, a fixing at a time. With ``L_i`` the normal log return into fixing ``i``::

    A = e^{B_1},    B_m = L_m,    B_i = L_i + ln(1 + e^{B_{i+1}})

so a density is carried through ``m`` steps, each a sum against a normal density. The integrands are analytic and die
out at both ends, and the trapezoidal rule converges exponentially: steps of two thirds of a deviation leave 1e-11 of
the spot over the domain. The normal return that smooths most is left for last and integrated in closed form. So
``A`` is a mixture of ``factor e^{xi} + shift``, ``xi`` normal, and the price a sum of Black's formulas, smooth in the
spot, with its Greeks.

Source of the recursion: A. Carverhill and L. Clewlow (1990), "Flexible convolution", Risk 3; on densities centred
anew at each step: E. Benhamou (2002), "Fast Fourier transform for discrete Asian options", J. of Computational Finance
6.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numba import njit

from tradesim.pricing.averaging import Future, future_of, mean_and_deviation
from tradesim.pricing.european import exercised
from tradesim.pricing.normal import normal_cdf
from tradesim.pricing.problem import Floats

REACH: Final = 9.5
"""Deviations to either side of a mean that a density is kept for."""
FINENESS: Final = 0.65
"""Nodes are this part of one step's deviation apart."""
LEAST_DEVIATION: Final = 1e-9
"""Below it the returns between fixings are taken as certain."""
SHORT_WAIT: Final = 0.125
"""A first return with less than this part of the others' deviation smooths too little to be left for last."""
UNFAITHFUL: Final = 1e-6
"""A law whose mean is off by more than this part has lost its tail: there is too much volatility for the reach."""
ROOT_TWO_PI: Final = math.sqrt(2.0 * math.pi)


class Mixture(NamedTuple):
    """``A`` is ``factor[j] e^{xi} + shift[j]`` with probability ``weight[j]``; ``xi`` is normal."""

    weight: Floats
    factor: Floats
    shift: Floats
    mean: float
    deviation: float


@njit(cache=True, error_model="numpy")
def softplus(x: float) -> float:
    """``ln(1 + e^x)``."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


@njit(cache=True, error_model="numpy")
def normal_grid(mean: float, deviation: float, spacing: float) -> tuple[Floats, Floats]:
    """Nodes ``spacing`` apart over a normal variable's reach, and the probability that each stands for."""
    half = math.ceil(REACH * deviation / spacing)
    nodes = mean + spacing * np.arange(-half, half + 1).astype(np.float64)
    density: Floats = np.exp(-0.5 * ((nodes - mean) / deviation) ** 2) / (deviation * ROOT_TWO_PI)
    return nodes, density * spacing


@njit(cache=True, error_model="numpy")
def one_fixing_earlier(
    nodes: Floats, weights: Floats, mean: float, deviation: float, spacing: float
) -> tuple[Floats, Floats]:
    """The law of ``L + ln(1 + e^B)`` from that of ``B``, as nodes and probabilities; ``L`` is normal."""
    moved = np.empty_like(nodes)
    for j in range(len(nodes)):
        moved[j] = mean + softplus(nodes[j])
    middle = np.sum(weights * moved)
    spread = math.sqrt(deviation * deviation + np.sum(weights * (moved - middle) ** 2))
    half = math.ceil(REACH * spread / spacing)
    earlier = middle + spacing * np.arange(-half, half + 1)
    found = np.zeros(len(earlier))
    begin = 0
    for i in range(len(earlier)):
        while begin < len(moved) and moved[begin] < earlier[i] - REACH * deviation:
            begin += 1
        for j in range(begin, len(moved)):
            distance = (moved[j] - earlier[i]) / deviation
            if distance > REACH:
                break
            found[i] += weights[j] * math.exp(-0.5 * distance * distance)
        found[i] *= spacing / (deviation * ROOT_TWO_PI)
    return earlier, found


@njit(cache=True, error_model="numpy")
def mixture_of(future: Future) -> Mixture:
    """The law of ``A``."""
    count = future.remaining
    drift = future.drift - 0.5 * future.volatility * future.volatility
    wait, wait_deviation = drift * future.first, future.volatility * math.sqrt(future.first)
    mean, deviation = drift * future.step, future.volatility * math.sqrt(future.step)
    one = np.ones(1)
    if count == 1 or deviation < LEAST_DEVIATION:
        total = np.sum(np.exp(future.drift * future.step * np.arange(count)))
        return Mixture(one, total * one, 0.0 * one, wait, wait_deviation)
    wait_smooths = wait_deviation >= SHORT_WAIT * deviation
    spacing = FINENESS * deviation
    last_spacing = FINENESS * wait_deviation if wait_smooths and wait_deviation < deviation else spacing
    steps = count - 2 if wait_smooths else count - 3
    nodes, weights = normal_grid(mean, deviation, spacing if steps > 0 else last_spacing)
    for step in range(steps):
        at = spacing if step < steps - 1 else last_spacing
        nodes, weights = one_fixing_earlier(nodes, weights, mean, deviation, at)
    if wait_smooths:
        return Mixture(weights, 1.0 + np.exp(nodes), np.zeros(len(nodes)), wait, wait_deviation)
    later, later_weights = (one, one) if count == 2 else (1.0 + np.exp(nodes), weights)
    first, first_weights = one, one
    if wait_deviation > 0.0:
        first, first_weights = normal_grid(wait, wait_deviation, FINENESS * wait_deviation)
        first = np.exp(first)
    size = len(later)
    terms = size * len(first)
    weight, factor, shift = np.empty(terms), np.empty(terms), np.empty(terms)
    for i in range(len(first)):
        part = slice(i * size, (i + 1) * size)
        weight[part] = first_weights[i] * later_weights
        factor[part] = first[i] * later
        shift[part] = first[i]
    return Mixture(weight, factor, shift, mean, deviation)


@njit(cache=True, error_model="numpy")
def is_faithful(mixture: Mixture, mean: float) -> bool:
    """Whether the law has the ``mean`` of ``A``."""
    deviation = mixture.deviation
    asset = math.exp(mixture.mean + 0.5 * deviation * deviation)
    found = np.sum(mixture.weight * (mixture.factor * asset + mixture.shift))
    return bool(abs(found - mean) <= UNFAITHFUL * mean)


@njit(cache=True, error_model="numpy")
def above(spot: float, level: float, mixture: Mixture) -> tuple[float, float, float]:
    """``E[(spot A - level)+]`` and its first two derivatives by the spot, for a level above zero."""
    deviation = mixture.deviation
    value = slope = bend = 0.0
    for j in range(len(mixture.weight)):
        weight, shift = mixture.weight[j], mixture.shift[j]
        asset = mixture.factor[j] * math.exp(mixture.mean + 0.5 * deviation * deviation)
        gap = level / spot - shift
        if not gap > 0.0:
            value += weight * (spot * asset - spot * gap)
            slope += weight * (asset + shift)
            continue
        if not deviation > 0.0:
            value += weight * max(spot * (asset - gap), 0.0)
            slope += weight * (asset + shift if asset > gap else 0.0)
            continue
        upper = math.log(asset / gap) / deviation + 0.5 * deviation
        lower = upper - deviation
        likely, tilted = normal_cdf(lower), normal_cdf(upper)
        value += weight * spot * (asset * tilted - gap * likely)
        slope += weight * (asset * tilted + shift * likely)
        bend += weight * math.exp(-0.5 * lower * lower) / (ROOT_TWO_PI * deviation * gap)
    level /= spot
    return value, slope, bend * level * level / spot if bend > 0.0 else 0.0


@njit(cache=True, error_model="numpy")
def mixture_greeks(spot: float, slow: Floats) -> tuple[float, float, float]:
    """Value, delta and gamma of one option with slow inputs float64[10]; NaN where the law loses its tail."""
    future = future_of(slow)
    mean, deviation = mean_and_deviation(future)
    forward = spot * mean - future.level
    if math.isnan(deviation):
        return math.nan, math.nan, math.nan
    if not (deviation > 0.0 and future.level > 0.0 and spot > 0.0):
        held = exercised(spot * mean, future.level, future.right)
        return future.factor * max(future.right * forward, 0.0), future.factor * held * mean, 0.0
    mixture = mixture_of(future)
    if not is_faithful(mixture, mean):
        return math.nan, math.nan, math.nan
    value, slope, bend = above(spot, future.level, mixture)
    if future.right < 0.0:
        value, slope = value - forward, slope - mean
    return future.factor * max(value, future.right * forward, 0.0), future.factor * slope, future.factor * bend


@njit(cache=True, error_model="numpy")
def mixture_values(inputs: Floats, out: Floats) -> None:
    """Write the values of n options with inputs float64[n, 11] into ``out``."""
    for i in range(len(out)):
        out[i] = mixture_greeks(inputs[i, 0], inputs[i, 1:])[0]
