"""What a rule may ask for: places, cancels and replaces, as rows of a table of integers.

A row is ``CONTRACT, DIRECTION, LOTS, LIMIT, KIND, TARGET``. A table of the first four columns is one of orders of kind
``IOC``.

| column | what |
| --- | --- |
| ``CONTRACT`` | number of the contract, from 0; ``UNDERLYING`` (-1) for the underlying |
| ``DIRECTION`` | +1 buy, -1 sell |
| ``LOTS`` | at least 1; of a replace what is to be left of the order; of a cancel nothing |
| ``LIMIT`` | micros; ``AT_MARKET`` takes whatever price it meets; of a cancel nothing |
| ``KIND`` | a :class:`Kind` |
| ``TARGET`` | of a cancel or a replace the number of the order it is about; else -1 |
"""

from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

CONTRACT: Final = 0
DIRECTION: Final = 1
LOTS: Final = 2
LIMIT: Final = 3
KIND: Final = 4
TARGET: Final = 5

UNDERLYING: Final = -1
"""The contract number that stands for the underlying."""

AT_MARKET: Final = np.iinfo(np.int64).max
"""The limit of an order that takes whatever price it meets."""


class Kind(IntEnum):
    """What is asked of the venue."""

    IOC = 0
    """Take what is there at the limit or better; the rest is cancelled."""
    LIMIT = 1
    """Take what is there at the limit or better; the rest stands at the limit until it is cancelled."""
    POST_ONLY = 2
    """Stand at the limit until it is cancelled; refused where it would take."""
    CANCEL = 3
    """What is left of the target stands no longer."""
    REPLACE = 4
    """The target is to stand at the limit with so many lots: at the same price with no more, it keeps its place."""


class Action(IntEnum):
    """What a message does, by which its latency may differ."""

    PLACE = 0
    CANCEL = 1
    REPLACE = 2


_ACTIONS: Final = (Action.PLACE, Action.PLACE, Action.PLACE, Action.CANCEL, Action.REPLACE)
"""By the number of a kind."""


def action_of(kind: int) -> Action:
    """The action of a row of this kind.

    >>> action_of(Kind.POST_ONLY).name
    'PLACE'
    """
    return _ACTIONS[kind]


def as_requests(table: NDArray[np.int64]) -> NDArray[np.int64]:
    """A table of four columns as one of six: orders that take or are cancelled."""
    if table.shape[1] != 4:
        return table
    requests = np.zeros((len(table), 6), dtype=np.int64)
    requests[:, : table.shape[1]] = table
    requests[:, TARGET] = -1
    return requests
