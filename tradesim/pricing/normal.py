"""The normal distribution, as compiled scalars that vectorise like those of :mod:`tradesim.pricing.elementary`.

The tail is ``Phi(-x) = exp(-x^2 / 2) m(x)``. The second factor, a form of the ratio of Mills, is a rational function
fitted in 40 digits; the first is the one exponential that a probability takes, and formulas with two probabilities of
related arguments share it (see :func:`~tradesim.pricing.european.time_value`). A probability takes about 1.5 ns in a
vectorised loop (``scipy.special.ndtr`` 9 ns).
"""

from typing import Final

from numba import njit

from tradesim.pricing.elementary import exp

FARTHEST: Final = 38.0
"""Beyond this many standard deviations the normal tail is taken to be zero: it is below 1e-300."""
INVERSE_ROOT_TWO_PI: Final = 0.3989422804014327


@njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def mills_quotient(x: float) -> tuple[float, float]:
    """Numerator and denominator of :func:`mills`, each 0.5 to 1e9, so that a sum of two takes one division."""
    x2 = x * x
    x4 = x2 * x2
    above = (0.5 + 0.60814722485714811 * x) + (0.367275696946745571 + 0.136753927901375087 * x) * x2
    above_high = (3.34430234498726479e-2 + 5.34561511797808695e-3 * x) + (
        5.18079172459949963e-4 + 2.36865532251439484e-5 * x
    ) * x2
    below = (1.0 + 2.0141790105171443 * x) + (1.84163372907893098 + 1.00179098988904315 * x) * x2
    below_high = (0.35607685813566404 + 8.51275966764495456e-2 * x) + (
        1.3458852740025143e-2 + 1.2986317131085565e-3 * x
    ) * x2
    above = above + above_high * x4
    below = below + (below_high + 5.937338564183317e-5 * x4) * x4
    return above, below


@njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def mills(x: float) -> float:
    """``Phi(-x) exp(x^2 / 2)`` for ``x`` in [0, 38]: what is left of the normal tail without its exponential.

    A rational function; times ``exp(-x^2 / 2)`` its absolute error is below 1e-16, its relative one below 1e-10.

    >>> mills(0.0)
    0.5
    """
    above, below = mills_quotient(x)
    result: float = above / below
    return result


@njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def normal_pdf(x: float) -> float:
    """Density of a standard normal variable at ``x``."""
    result: float = INVERSE_ROOT_TWO_PI * exp(-0.5 * x * x)
    return result


@njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def normal_cdf(x: float) -> float:
    """Probability that a standard normal variable is below ``x``: absolute error below 4e-16.

    In the left tail the relative error is below 1e-9, down to 1e-300 (37 deviations); then it is zero.

    >>> normal_cdf(0.0)
    0.5
    """
    size = abs(x)
    size = FARTHEST if size > FARTHEST else size
    tail = exp(-0.5 * size * size) * mills(size)
    result: float = tail if x < 0.0 else 1.0 - tail
    return result
