"""How far the recorder's clock can be trusted, and a stated correction of it.

The latency of a row is ``received - ts``: what the feed took, plus the error of the recorder's clock against the
venue's. The two cannot be told apart from a tape; a negative latency proves only that the second is there. A clock that
runs fast or slow shows as a slope under the latencies: the fastest rows of the morning and those of the evening took
the same, so what lies between them is the clock's.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import ArgumentError
from tradesim.market.tape import Tape
from tradesim.units import MILLISECOND

PPM: Final = 1e-6
"""Parts per million: a clock that gains a microsecond in a second has a skew of 1."""

LARGEST_SKEW: Final = 1000.0
"""Parts per million: quartz is within a few hundred, and time services slew no clock by more than 500."""


@dataclass(frozen=True, kw_only=True)
class ClockReport:
    """The apparent feed latency ``received - ts`` over the rows of a tape, in ns.

    ``least median p99``  quantiles of the latency
    ``jitter``            ``p99 - median``: the spread, which a constant error of the clock leaves alone
    ``negative``          share of the rows that were received before they happened, 0 to 1
    ``recorded``          share of the rows whose receive time differs from the venue's, 0 to 1
    ``offset skew``       of the line below all latencies (:func:`lower_line`): its height at the first receive time,
                          ns, and by how much the recorder's clock gains, parts per million
    ``blur``              of the skew, parts per million: what the rounding of the venue's stamps may make of it
    """

    least: int
    median: int
    p99: int
    negative: float
    recorded: float
    offset: int
    skew: float
    blur: float

    @property
    def jitter(self) -> int:
        """Spread of the latency, ns: what a constant error of the recorder's clock leaves alone."""
        return self.p99 - self.median

    def __str__(self) -> str:
        if self.recorded == 0.0:
            return "receive times: none recorded"
        told = max(abs(self.skew), self.blur) <= LARGEST_SKEW
        skew = f"{self.skew:+.3g} +- {self.blur:.2g} ppm" if told else "not identified"
        least, median, p99, jitter = (x / MILLISECOND for x in (self.least, self.median, self.p99, self.jitter))
        return (
            f"receive times: least {least:.3f} ms, median {median:.3f} ms, p99 {p99:.3f} ms after the venue's, "
            f"jitter {jitter:.3f} ms, {self.negative:.1%} before it, "
            f"skew {skew}"
        )


def measure_clock(tape: Tape) -> ClockReport:
    """The apparent feed latency of ``tape``; quantiles are rows of the tape, without interpolation."""
    offset, slope = lower_line(tape.received, tape.received - tape.ts)
    latency = np.sort(tape.received - tape.ts)
    last, span = len(latency) - 1, int(np.ptp(tape.received))
    return ClockReport(
        least=int(latency[0]),
        median=int(latency[last // 2]),
        p99=int(latency[last * 99 // 100]),
        negative=float(np.mean(latency < 0)),
        recorded=float(np.mean(latency != 0)),
        offset=round(offset),
        skew=slope / PPM,
        blur=tape.resolution / span / PPM if span else math.inf,
    )


def correct_clock(tape: Tape, *, floor: int = 0) -> Tape:
    """The tape with all receive times shifted by one constant, so that its least latency is ``floor`` ns.

    It assumes that the recorder's clock is wrong by a constant, and that the fastest row took ``floor``. Differences of
    latencies, so the jitter, are kept to the nanosecond. A clock that runs fast or slow is not mended by it.

    Raises :class:`~tradesim.errors.ArgumentError` for a negative ``floor``.
    """
    if floor < 0:
        raise ArgumentError(f"floor is {floor} ns: the fastest feed takes at least 0 ns; give its true latency")
    shift = floor - int(np.min(tape.received - tape.ts))
    return replace(tape, received=tape.received + shift)


def correct_skew(tape: Tape, *, floor: int = 0) -> Tape:
    """The tape with its recorder's clock set right by a line, so that its least latency is ``floor`` ns.

    It assumes that the clock gained at one rate all along, and that the fastest rows, early and late, took ``floor``:
    the skew is that of :func:`lower_line`. Receive times keep their order, and equal ones stay equal.

    Raises :class:`~tradesim.errors.ArgumentError` for a negative ``floor``, and for a skew beyond ``LARGEST_SKEW``: no
    clock's, so the rows are too few, or too close together, to tell it.
    """
    _, slope = lower_line(tape.received, tape.received - tape.ts)
    if abs(slope) > LARGEST_SKEW * PPM:
        raise ArgumentError(
            f"clock skew of {slope / PPM:+.4g} ppm: no clock gains more than {LARGEST_SKEW:g} ppm, so the tape is too "
            "short to tell it; correct the clock by a constant"
        )
    gained = np.rint(slope * (tape.received - np.min(tape.received))).astype(np.int64)
    return correct_clock(replace(tape, received=tape.received - gained), floor=floor)


def lower_line(received: NDArray[np.int64], latency: NDArray[np.int64]) -> tuple[float, float]:
    """The line below all points (``received``, ``latency``) and nearest to them: its height at the first, its slope.

    It minimises the sum of the points' heights above it (Moon, Skelly, Towsley 1999, "Estimation and removal of clock
    skew from network delay measurements", INFOCOM), and so it is the edge of their lower convex hull over their mean
    abscissa. That edge is closed in on from both ends, in a few passes: the point that lies deepest below the line
    through a point left and one right of the mean takes the place of the one on its side. Abscissae are the recorder's
    instants, since its clock is what errs; the paper's are the sender's, and the slopes differ by their square. No
    point is more than half a ns below it.
    """
    x = (received - np.min(received)).astype(np.float64)
    mean = float(np.mean(x))
    left = int(np.lexsort((latency, x))[0])
    right = int(np.lexsort((latency, -x))[0])
    while x[left] < x[right]:
        slope = float(latency[right] - latency[left]) / float(x[right] - x[left])
        above = latency - latency[left] - slope * (x - x[left])
        deepest = int(np.argmin(above))
        if above[deepest] > -0.5 or deepest in {left, right}:
            return float(latency[left]) - slope * float(x[left]), slope
        if x[deepest] <= mean:
            left = deepest
        else:
            right = deepest
    return float(latency[left]), 0.0
