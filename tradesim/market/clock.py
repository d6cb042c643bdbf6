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

BLOCKS: Final = 6
"""Blocks of rows, in order of time, whose least latencies tell how well a skew is known."""
STUDENT: Final = 2.776
"""Standard errors in half of a 95 % interval, of a line through so many blocks: Student's t of ``BLOCKS - 2``."""


@dataclass(frozen=True, kw_only=True)
class ClockReport:
    """The apparent feed latency ``received - ts`` over the rows of a tape, in ns.

    ``least median p99``  quantiles of the latency
    ``jitter``            ``p99 - median``: the spread, which a constant error of the clock leaves alone
    ``negative``          share of the rows that were received before they happened, 0 to 1
    ``recorded``          share of the rows whose receive time differs from the venue's, 0 to 1
    ``offset skew``       of the line below all latencies (:func:`lower_line`): its height at the first receive time,
                          ns, and by how much the recorder's clock gains, parts per million
    ``error``             of the skew, parts per million: half of its 95 % interval (:func:`skew_error`), and at least
                          what the rounding of the venue's stamps may make of it; infinite where nothing tells it
    """

    least: int
    median: int
    p99: int
    negative: float
    recorded: float
    offset: int
    skew: float
    error: float

    @property
    def jitter(self) -> int:
        """Spread of the latency, ns: what a constant error of the recorder's clock leaves alone."""
        return self.p99 - self.median

    def __str__(self) -> str:
        if self.recorded == 0.0:
            return "receive times: none recorded"
        known = max(abs(self.skew), self.error) <= LARGEST_SKEW
        skew = f"{self.skew:+.3g} +- {self.error:.2g} ppm" if known else "not identified"
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
    last = len(latency) - 1
    return ClockReport(
        least=int(latency[0]),
        median=int(latency[last // 2]),
        p99=int(latency[last * 99 // 100]),
        negative=float(np.mean(latency < 0)),
        recorded=float(np.mean(latency != 0)),
        offset=round(offset),
        skew=slope / PPM,
        error=_skew_error(tape, slope) / PPM,
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

    Raises :class:`~tradesim.errors.ArgumentError` for a negative ``floor``, for a skew beyond ``LARGEST_SKEW``: no
    clock's, so the rows are too few, or too close together, to tell it; and for one within its error of 0.
    """
    _, slope = lower_line(tape.received, tape.received - tape.ts)
    if abs(slope) > LARGEST_SKEW * PPM:
        raise ArgumentError(
            f"clock skew of {slope / PPM:+.4g} ppm: no clock gains more than {LARGEST_SKEW:g} ppm, so the tape is too "
            "short to tell it; correct the clock by a constant"
        )
    error = _skew_error(tape, slope)
    if abs(slope) <= error:
        raise ArgumentError(
            f"clock skew of {slope / PPM:+.3g} +- {error / PPM:.2g} ppm: it is not told from 0; leave receive times as "
            "they are, or correct the clock by a constant"
        )
    gained = np.rint(slope * (tape.received - np.min(tape.received))).astype(np.int64)
    return correct_clock(replace(tape, received=tape.received - gained), floor=floor)


def _skew_error(tape: Tape, slope: float) -> float:
    span = int(np.ptp(tape.received))
    rounding = tape.resolution / span if span else math.inf
    return max(skew_error(tape.received, tape.received - tape.ts, slope), rounding)


def skew_error(received: NDArray[np.int64], latency: NDArray[np.int64], slope: float) -> float:
    """Half of the 95 % interval of the ``slope`` of :func:`lower_line`; infinite below ``BLOCKS`` receive times.

    It is by the least latencies of ``BLOCKS`` blocks of as many receive times each: the standard error of a line
    through these points, by their scatter about one of that slope, times Student's t. What a block has of few rows, of
    slow ones or of a jam of the feed shows in that scatter. With as few blocks it holds for latencies that begin at
    once, as exponential ones, and for those that begin slowly: a test simulates both.
    """
    order = np.argsort(received, kind="stable")
    x = (received[order] - received[order[0]]).astype(np.float64)
    instants = np.flatnonzero(np.diff(x, prepend=-1.0))
    if len(instants) < BLOCKS:
        return math.inf
    begins = instants[len(instants) * np.arange(BLOCKS) // BLOCKS]
    least = np.minimum.reduceat(latency[order] - slope * x, begins)
    middle = np.add.reduceat(x, begins) / np.diff(begins, append=len(x))
    scatter = math.sqrt(np.sum((least - least.mean()) ** 2) / (BLOCKS - 2))
    return STUDENT * scatter / math.sqrt(np.sum((middle - middle.mean()) ** 2))


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
