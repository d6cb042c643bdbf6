"""Problems small enough to have every answer in a line."""

import numpy as np

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
