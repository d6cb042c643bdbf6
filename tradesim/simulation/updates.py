"""When a desk's slow inputs are ready: the second CPU, which keeps its method up to date."""

import numpy as np
from numpy.typing import NDArray

from tradesim.simulation.draws import UPDATE, uniform
from tradesim.simulation.hiccups import NO_PAUSES, Pauses
from tradesim.simulation.latency import DELTA, ComputeLatency, Stage
from tradesim.simulation.session import Session
from tradesim.units import NEVER

Ints = NDArray[np.int64]


def completions(
    session: Session, compute: ComputeLatency, *, desk: int, hedged: bool = False, pauses: Pauses = NO_PAUSES
) -> tuple[Ints, int]:
    """When the second CPU has each of the desk's states ready, int64[states], ns, and for how many ns it works in all.

    The first state is ready before trading begins.

    It takes one snapshot at a time, in turn; a state that was overtaken has the instant of the one that overtook it:
    when the CPU is free again it goes on with the newest snapshot that is due.

    The update of a desk that hedges takes two prices more, for its deltas, each charged as the slowest path.

    On a coarse tape (bars) a snapshot has the instant of the very decisions that it would inform, and nobody knows
    which came first. There it counts for later instants only, in every run.
    """
    later = 1 if session.setting.schedule.is_coarse(session.tape) else 0
    states = session.states_of(desk)
    instants = [state.instant + later for state in states]
    done = np.full(len(instants), NEVER, dtype=np.int64)
    done[0] = free = states[0].instant
    busy = 0
    for k in range(1, len(instants)):
        if k + 1 < len(instants) and instants[k + 1] <= free:
            continue
        begin = max(instants[k], free)
        draw = uniform(session.seed, UPDATE, desk, k, 0)
        work = compute.update(draw) + (2 * compute.work(Stage.PRICE, DELTA, draw, 0, -k) if hedged else 0)
        free, _ = pauses.finish(begin, work)
        done[k] = free
        busy += work
    return np.minimum.accumulate(done[::-1])[::-1] if NEVER in done else done, busy
