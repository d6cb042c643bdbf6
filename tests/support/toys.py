"""Problems small enough to have every answer in a line."""

import numpy as np
from scipy.stats import norm

from tradesim.pricing.problem import Domain, Input, Problem

SINE = Problem(
    name="a sine",
    version=1,
    domain=Domain(inputs=(Input(name="x", low=0.0, high=6.0),)),
    reference=lambda inputs: np.sin(inputs[:, 0]),
)

PRODUCT = Problem(
    name="a product",
    version=1,
    domain=Domain(
        inputs=(
            Input(name="first", low=1.0, high=2.0),
            Input(name="second", low=1.0, high=2.0),
            Input(name="power", low=1.0, high=3.0),
        ),
        fast=2,
    ),
    reference=lambda inputs: inputs[:, 0] * inputs[:, 1] ** inputs[:, 2],
)
"""Two fast inputs and a slow one."""


def exchange(inputs):
    """Margrabe (1978): the right to give the second for the first, their volatilities equal, correlation a half."""
    first, second, expiry, volatility = inputs.T
    deviation = volatility * np.sqrt(expiry)
    upper = np.log(first / second) / deviation + 0.5 * deviation
    return first * norm.cdf(upper) - second * norm.cdf(upper - deviation)


EXCHANGE = Problem(
    name="an exchange",
    version=1,
    domain=Domain(
        inputs=(
            Input(name="first", low=80.0, high=120.0),
            Input(name="second", low=80.0, high=120.0),
            Input(name="expiry", low=0.02, high=1.0),
            Input(name="volatility", low=0.1, high=0.8),
        ),
        fast=2,
    ),
    reference=exchange,
)
