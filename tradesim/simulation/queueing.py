"""Where in its queue a resting order stands, when the tape does not say who cancelled.

A resting order keeps ``ahead``, the lots that trade before it. Trades at its price reduce it, and that is known. When
the size at its price falls by more than was traded, somebody cancelled, ahead of it or behind; a tape of levels cannot
say where, so a model does. A full order feed says it, and needs no model.

| model | share of a cancellation that is behind the order |
| --- | --- |
| :class:`RiskAverse` | all of it, as long as there is anything behind |
| :class:`Probabilistic` ``log`` | f(behind) / (f(behind) + f(ahead)), f(x) = ln(1 + x) |
| ``log2`` | f(behind) / f(behind + ahead), the same f |
| ``power`` | f(behind) / (f(behind) + f(ahead)), f(x) = x^n |
| ``power2`` | f(behind) / f(behind + ahead), the same f |
| ``power3`` | 1 - f(ahead / (behind + ahead)), the same f |

What none of them can know: hidden lots, and who in the queue is one's rival. The families are those of Rigtorp (2013,
"Estimating order queue position") and of hftbacktest, whose rules for them are followed to the lot.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numba import njit

from tradesim.errors import ArgumentError, one_of

RISK_AVERSE: Final = 0
LOG: Final = 1
LOG2: Final = 2
POWER: Final = 3
POWER2: Final = 4
POWER3: Final = 5


class Family(StrEnum):
    """The form of the share that is behind."""

    LOG = "log"
    LOG2 = "log2"
    POWER = "power"
    POWER2 = "power2"
    POWER3 = "power3"


@dataclass(frozen=True)
class RiskAverse:
    """Every cancellation is behind the order, as long as there is anything behind: it advances by trades alone."""

    @property
    def code(self) -> tuple[int, float]:
        """Number of the model and its exponent, for the kernels."""
        return RISK_AVERSE, 1.0


@dataclass(frozen=True, kw_only=True)
class Probabilistic:
    """A cancellation is shared between ahead and behind by a ``family``; ``exponent`` is the n of the powers."""

    family: Family = Family.POWER
    exponent: float = 3.0

    def __post_init__(self) -> None:
        if not 0.0 < self.exponent <= 100.0:
            raise ArgumentError(f"Probabilistic(exponent={self.exponent}): it must be above 0 and at most 100")

    @property
    def code(self) -> tuple[int, float]:
        """Number of the model and its exponent, for the kernels."""
        return LOG + list(Family).index(self.family), self.exponent


QueueModel = RiskAverse | Probabilistic


def parse_queue(text: str) -> QueueModel:
    """The model that ``text`` states: ``risk-averse``, ``log``, ``log2``, or ``power:3`` and the like.

    >>> parse_queue("power2:1.5")
    Probabilistic(family=<Family.POWER2: 'power2'>, exponent=1.5)
    """
    if text == "risk-averse":
        return RiskAverse()
    name, _, exponent = text.partition(":")
    try:
        family = one_of(Family, name, "queue")
        return Probabilistic(family=family, exponent=float(exponent)) if exponent else Probabilistic(family=family)
    except ValueError as error:
        raise ArgumentError(
            f"queue {text!r}: it is risk-averse, log, log2, power:N, power2:N or power3:N; write for example power:3"
        ) from error


@njit(cache=True, error_model="numpy")
def share_behind(ahead: float, behind: float, model: int, exponent: float) -> float:
    """The share of a cancellation that is behind an order with so many lots ahead of it and behind it."""
    share = 1.0
    if model == LOG:
        share = np.log(1.0 + behind) / (np.log(1.0 + behind) + np.log(1.0 + ahead))
    elif model == LOG2:
        share = np.log(1.0 + behind) / np.log(1.0 + behind + ahead)
    elif model == POWER:
        share = behind**exponent / (behind**exponent + ahead**exponent)
    elif model == POWER2:
        share = behind**exponent / (behind + ahead) ** exponent
    elif model == POWER3:
        share = 1.0 - (ahead / (behind + ahead)) ** exponent
    return share


@njit(cache=True)
def after_cancellation(ahead: float, before: float, after: float, traded: float, model: int, exponent: float) -> float:
    """Lots ahead once the size at the price has gone from ``before`` to ``after``, of which ``traded`` were trades.

    ``ahead`` has been reduced by the trades already.
    """
    cancelled = before - after - traded
    if cancelled <= 0.0 or model == RISK_AVERSE:
        return min(ahead, after)
    behind = before - ahead
    share = share_behind(ahead, behind, model, exponent)
    if np.isnan(share):
        return after
    return min(ahead - (1.0 - share) * cancelled + min(behind - share * cancelled, 0.0), after)
