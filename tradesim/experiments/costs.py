"""What a method takes of the machine: memory, time, and whether other processes can have it."""

from typing import Final

import cloudpickle
import numpy as np

from tradesim.experiments.conduct import same
from tradesim.experiments.finding import Found, information, passed_if
from tradesim.experiments.subject import Asked, Subject
from tradesim.experiments.timing import Effort, quiet, readings
from tradesim.methods.handed import Handed
from tradesim.methods.identity import bytes_of
from tradesim.units import formatted
from tradesim.user_code import said

ROUNDS: Final = 3
"""Rounds through the chain's states; after the first of them no more memory is to be taken."""

EFFORT: Final = Effort(calls=500, seconds=0.2)


def sending(subject: Subject) -> Found:
    """Sent to another process it has the same prices; what cannot be sent is replayed in this one."""
    try:
        sent = cloudpickle.dumps(subject.spec)
    except Exception as error:
        return information(f"it cannot be sent to another process, and is replayed in this one: {said(error)}")
    there = subject.fresh(spec=cloudpickle.loads(sent))
    there.take(subject.slow, subject.anchor)
    return same(
        subject.ready().price(subject.anchor), there.price(subject.anchor), what=f"once sent, in {len(sent):,} bytes"
    )


def memory_kept(subject: Subject) -> Found:
    """``nbytes`` is a number of bytes, not less than its arrays, and does not grow."""
    asked, sizes = subject.ready(), []
    for _ in range(ROUNDS):
        for slow in subject.board.slow:
            asked.take(slow, subject.anchor)
            asked.price(subject.away)
        sizes.append(asked.method.nbytes)
    first, last = sizes[0], sizes[-1]
    held = _held(asked)
    if not isinstance(last, int) or last < held:
        return passed_if(False, f"nbytes is {last}, and its arrays are {held:,} bytes")
    grows = f"{first:,} bytes, and {last:,} when the same was asked {ROUNDS} times: it keeps what it no more needs"
    return passed_if(last <= first, grows if last > first else f"{last:,} bytes, and no more when asked again")


def _held(asked: Asked) -> int:
    """Bytes of the arrays of an object that was handed in; of ours, which count tables they share, none is known."""
    own = asked.method.own if isinstance(asked.method, Handed) else None
    return bytes_of(vars(own)) if hasattr(own, "__dict__") else 0


def speed(subject: Subject) -> Found:
    """Medians of update and price, in a loop of their own."""
    asked, out = subject.ready(), np.empty(len(subject.slow))
    with quiet():
        update = np.median(readings(lambda: asked.take(subject.slow, subject.anchor), _nothing, EFFORT))
        price = np.median(readings(lambda: asked.method.price(subject.anchor, out), _nothing, EFFORT))
    return information(f"{len(out)} contracts in a loop: update {formatted(update)}, price {formatted(price)} (p50)")


def _nothing() -> None:
    """No caches to empty."""
