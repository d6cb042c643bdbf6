"""How far the recorder's clock can be trusted, and a stated correction of it.

The latency of a row is ``received - ts``: what the feed took, plus the error of the recorder's clock against the
venue's. The two cannot be told apart from a tape; a negative latency proves only that the second is there.
"""

from dataclasses import dataclass, replace

import numpy as np

from tradesim.errors import ArgumentError
from tradesim.market.tape import Tape
from tradesim.units import MILLISECOND


@dataclass(frozen=True, kw_only=True)
class ClockReport:
    """The apparent feed latency ``received - ts`` over the rows of a tape, in ns.

    ``least median p99``  quantiles of the latency
    ``jitter``            ``p99 - median``: the spread, which a constant error of the clock leaves alone
    ``negative``          share of the rows that were received before they happened, 0 to 1
    ``recorded``          share of the rows whose receive time differs from the venue's, 0 to 1
    """

    least: int
    median: int
    p99: int
    negative: float
    recorded: float

    @property
    def jitter(self) -> int:
        """Spread of the latency, ns: what a constant error of the recorder's clock leaves alone."""
        return self.p99 - self.median

    def __str__(self) -> str:
        if self.recorded == 0.0:
            return "receive times: none recorded"
        least, median, p99, jitter = (x / MILLISECOND for x in (self.least, self.median, self.p99, self.jitter))
        return (
            f"receive times: least {least:.3f} ms, median {median:.3f} ms, p99 {p99:.3f} ms after the venue's, "
            f"jitter {jitter:.3f} ms, {self.negative:.1%} before it"
        )


def measure_clock(tape: Tape) -> ClockReport:
    """The apparent feed latency of ``tape``; quantiles are rows of the tape, without interpolation."""
    latency = np.sort(tape.received - tape.ts)
    last = len(latency) - 1
    return ClockReport(
        least=int(latency[0]),
        median=int(latency[last // 2]),
        p99=int(latency[last * 99 // 100]),
        negative=float(np.mean(latency < 0)),
        recorded=float(np.mean(latency != 0)),
    )


def correct_clock(tape: Tape, *, floor: int = 0) -> Tape:
    """The tape with all receive times shifted by one constant, so that its least latency is ``floor`` ns.

    It assumes that the recorder's clock is wrong by a constant, and that the fastest row took ``floor``. Differences of
    latencies, so the jitter, are kept to the nanosecond. A clock that drifts is not mended by it.

    Raises :class:`~tradesim.errors.ArgumentError` for a negative ``floor``.
    """
    if floor < 0:
        raise ArgumentError(f"floor is {floor} ns: the fastest feed takes at least 0 ns; give its true latency")
    shift = floor - measure_clock(tape).least
    return replace(tape, received=tape.received + shift)
