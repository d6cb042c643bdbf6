"""How a method must behave, whatever its prices are: it answers for its inputs alone, and leaves them as they are.

Prices of the same work must be equal to the last bit. Prices of one contract in several chains may differ by
``TOLERANCE``, since arithmetic may be done in another order there.
"""

from typing import Final

import numpy as np

from tradesim.errors import TradesimError
from tradesim.experiments.finding import Found, not_applicable, passed_if
from tradesim.experiments.speed import SIZES
from tradesim.experiments.subject import Subject
from tradesim.methods.staged import Staged, expires
from tradesim.pricing.laws import TOLERANCE
from tradesim.pricing.problem import Floats

ALONE: Final = 5
"""Contracts that are also priced in a chain of their own."""


def answers(subject: Subject) -> Found:
    """Every price is written, and a number, for one contract, a chain and a long one."""
    for count in SIZES:
        board, asked = subject.board.of(count), subject.fresh()
        asked.take(board.slow[0], board.anchor)
        if missing := _unknown(asked.price(board.anchor)):
            return passed_if(False, f"{missing} of {count} prices are not written, or no numbers")
    return passed_if(True, f"{', '.join(map(str, SIZES))} contracts: a price each, and a work tag")


def numbers(subject: Subject) -> Found:
    """Prices are numbers all over the domain."""
    missing = _unknown(subject.errors)
    return passed_if(not missing, f"{len(subject.errors)} prices in the domain, {missing} of them no number")


def repeatable(subject: Subject) -> Found:
    """The same inputs have the same price: again, and from another object."""
    one, other = subject.ready(), subject.ready()
    first = one.price(subject.anchor)
    return same(first, one.price(subject.anchor), other.price(subject.anchor), what="asked again, and of a new object")


def spot_forgotten(subject: Subject) -> Found:
    """A price does not depend on the spots before."""
    asked = subject.ready()
    first = asked.price(subject.anchor)
    asked.price(subject.away)
    return same(first, asked.price(subject.anchor), what="at a spot, another, and the first again")


def slow_forgotten(subject: Subject) -> Found:
    """A price does not depend on the slow inputs before, nor on the chain before."""
    asked = subject.ready()
    back = [asked.price(subject.anchor)]
    for other in (subject.board.slow[1], subject.board.of(1).slow[0]):
        asked.take(other, subject.away)
        asked.price(subject.away)
        asked.take(subject.slow, subject.anchor)
        back.append(asked.price(subject.anchor))
    return same(*back, what="after other slow inputs, another chain, and back")


def objects_apart(subject: Subject) -> Found:
    """Two objects that are asked in turn answer as each does alone."""
    alone = subject.ready().price(subject.anchor)
    one, other = subject.ready(), subject.fresh()
    other.take(subject.board.slow[1], subject.away)
    other.price(subject.away)
    return same(alone, one.price(subject.anchor), what="while another object is asked of other inputs")


def inputs_untouched(subject: Subject) -> Found:
    """What it is given it does not write into."""
    asked = subject.ready()
    method, slow, fast = asked.method, subject.slow.copy(), np.array(subject.away)
    spot = fast if fast.ndim else float(fast)
    if isinstance(method, Staged):
        method.take(slow, subject.anchor)
    asked.price(spot)
    written = ["the slow inputs"] if not np.array_equal(slow, subject.slow) else []
    written += ["the spots"] if not np.array_equal(fast, subject.away) else []
    return passed_if(not written, f"it writes into {', '.join(written)}" if written else "inputs are as they were")


def any_order(subject: Subject) -> Found:
    """Contracts in another order have the same prices."""
    straight = subject.ready().price(subject.away)
    order = np.random.default_rng(1).permutation(len(straight))
    shuffled = subject.fresh()
    shuffled.take(subject.slow[order], subject.anchor)
    return _near(shuffled.price(subject.away), straight[order], what="in another order")


def neighbours(subject: Subject) -> Found:
    """A contract's price does not depend on which others are in the chain."""
    half = len(subject.slow) // 2
    together = subject.ready().price(subject.away)
    others = subject.slow.copy()
    others[half:] = subject.slow[0]
    among = subject.fresh()
    among.take(others, subject.anchor)
    alone = [_alone(subject, i) for i in range(ALONE)]
    answers = np.append(among.price(subject.away)[:half], alone)
    return _near(answers, np.append(together[:half], together[:ALONE]), what="among others, and alone")


def _alone(subject: Subject, contract: int) -> float:
    asked = subject.fresh()
    asked.take(subject.slow[contract : contract + 1], subject.anchor)
    return float(asked.price(subject.away)[0])


def scalar(subject: Subject) -> Found:
    """``value`` of one option is what the chain says; and a chain that is bound is priced as before afterwards."""
    asked, names = subject.ready(), subject.problem.domain.names
    method = asked.method
    if not isinstance(method, Staged):
        return not_applicable("it has no value of one option: it is no tradesim.Staged")
    chain = asked.price(subject.anchor)
    rows = np.column_stack([np.broadcast_to(subject.anchor, (len(chain), subject.problem.domain.fast)), subject.slow])
    values = [method.value(**dict(zip(names, row, strict=True))) for row in rows.tolist()]
    if not np.array_equal(chain, asked.price(subject.anchor)):
        return passed_if(False, "the chain's prices are others once value was asked")
    return _near(np.array(values), chain, what="by value and by the chain")


def expired(subject: Subject) -> Found:
    """Contracts that have expired are worth their exercise, and the others what they were."""
    domain = subject.problem.domain
    if not expires(domain):
        return not_applicable("its options do not expire")
    slow, dead = subject.slow.copy(), np.arange(len(subject.slow)) % 3 == 0
    slow[dead, domain.column("expiry") - domain.fast] = 0.0
    inputs = np.column_stack([np.broadcast_to(subject.away, (len(slow), domain.fast)), slow])
    right = subject.ready().price(subject.away)
    try:
        right[dead] = subject.problem.reference(inputs[dead])
    except TradesimError as refusal:
        return not_applicable(f"the reference has no price then: {refusal}")
    asked = subject.fresh()
    asked.take(slow, subject.anchor)
    return _near(asked.price(subject.away), right, what="a third of them expired")


def _unknown(prices: Floats) -> int:
    return int((~np.isfinite(prices)).sum())


def same(first: Floats, *others: Floats, what: str) -> Found:
    """Whether prices are equal to the last bit."""
    apart = [_apart(first, other) for other in others if not np.array_equal(first, other)]
    return passed_if(not apart, f"{what}: {apart[0] if apart else 'the same to the last bit'}")


def _near(prices: Floats, others: Floats, *, what: str) -> Found:
    difference = np.abs(prices - others)
    right = bool((difference <= TOLERANCE).all())
    return passed_if(right, f"{what}: " + (f"within {difference.max():.1g}" if right else _apart(prices, others)))


def _apart(prices: Floats, others: Floats) -> str:
    difference = np.abs(prices - others)
    return f"{int((prices != others).sum())} of {len(prices)} prices differ, by up to {np.max(difference):.3g}"
