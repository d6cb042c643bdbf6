"""Whether prices are those of the problem: how wrong, within the laws of arbitrage, and outside the domain."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from tradesim.errors import ProblemError, TradesimError
from tradesim.experiments.evaluation import (
    Violations,
    bounds_broken,
    exercise_broken,
    parity_broken,
    shapes_broken,
    strikes_broken,
)
from tradesim.experiments.finding import Found, Outcome, information, not_applicable, passed_if
from tradesim.experiments.subject import Asked, Subject
from tradesim.methods.method import Fast, Outside
from tradesim.pricing.laws import TOLERANCE, laws_of
from tradesim.pricing.problem import Floats, Spacing

BEYOND: Final = 0.25
"""By which part of its interval an input is outside the domain, or by which it is below a low end above zero."""

CASES: Final = 8
"""Contracts outside at once."""

FARTHER: Final = 3.0
"""An error outside the domain of more than this many times the largest one inside is called wrong."""

EXPLAINED: Final = 2.0
"""Two prices that are each off by ``e`` break a law that ties them by up to ``2 e``."""


def accuracy(subject: Subject) -> Found:
    """Against the reference."""
    rmse = float(np.sqrt(np.mean(subject.errors**2)))
    money = "" if subject.problem.domain.unit is None else " on a strike of 100"
    size = f"rmse {rmse:.2g}, at most {subject.largest_error:.2g}{money}"
    return information(f"off the reference by {size}; {len(subject.errors)} points")


def bounds(subject: Subject) -> Found:
    """Prices are within what any price without arbitrage is within."""
    return _held(
        subject, bounds_broken(subject.fresh().prices, subject.held_out, laws_of(subject.problem)), explained=0.0
    )


def shapes(subject: Subject) -> Found:
    """Prices are monotone and convex where the law is; what its own error explains is reported alone."""
    price = subject.fresh().prices

    def broken() -> Violations:
        yield from shapes_broken(price, subject.held_out, laws_of(subject.problem))
        yield from strikes_broken(price, subject.held_out)

    return _held(subject, broken(), explained=EXPLAINED * subject.largest_error)


def early_exercise(subject: Subject) -> Found:
    """An American price is at least the European one; what its own error explains is reported alone."""
    broken = exercise_broken(subject.fresh().prices, subject.held_out, laws_of(subject.problem))
    return _held(subject, broken, explained=subject.largest_error)


def parity(subject: Subject) -> Found:
    """A call less a put is what it must be; what its own error explains is reported alone."""
    broken = parity_broken(subject.fresh().prices, subject.held_out, laws_of(subject.problem))
    return _held(subject, broken, explained=EXPLAINED * subject.largest_error)


def _held(subject: Subject, broken: Violations, *, explained: float) -> Found:
    laws = list(broken)
    if not laws:
        return not_applicable(f"there is no such law of {subject.problem.name}")
    checked = sum(len(by) for _, by in laws)
    worst_law, worst = max(((law, float(by.max())) for law, by in laws), key=lambda each: each[1])
    if worst <= TOLERANCE:
        return passed_if(True, f"{', '.join(law for law, _ in laws)}: {checked:,} places, none broken")
    counts = ", ".join(f"{law} {count} of {len(by)}" for law, by in laws if (count := int((by > TOLERANCE).sum())))
    found = f"broken: {counts}; worst {worst:.2g} ({worst_law})"
    if worst > explained + TOLERANCE:
        return passed_if(False, found)
    return Outcome.INFORMATION, f"{found}; its largest error explains {explained:.2g}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Way:
    """A way out of the domain: ``slow`` inputs and the fast ones, what they are worth, and what ``leaves`` it."""

    leaves: str
    slow: Floats
    fast: Fast
    worth: Floats


def outside_domain(subject: Subject) -> Found:
    """Outside the domain prices are as right as inside, or from the fallback, or refused: never wrong in silence."""
    asked = subject.fresh()
    asked.take(subject.slow[:CASES], subject.anchor)
    asked.price(subject.anchor)
    usual, allowed = asked.tag, FARTHER * subject.largest_error + TOLERANCE
    ways = right = refused = fell_back = 0
    silent: list[tuple[float, str]] = []
    for way in _ways_out(subject):
        error = _error(asked, way)
        ways += 1
        refused += error is None
        fell_back += error is not None and asked.method.fallbacks > 0
        right += error is not None and error <= allowed
        if error is not None and error > allowed and not asked.method.fallbacks and asked.tag == usual:
            silent.append((error, way.leaves))
    if not ways:
        return not_applicable("the reference knows no way out of the domain")
    found = f"of {ways} ways out {right} priced as right as inside ({fell_back} by the fallback), {refused} refused"
    if silent:
        worst, where = max(silent)
        found += f", {len(silent)} wrong in silence, by up to {worst:.2g} ({where}); raise ProblemError there"
    return passed_if(not silent, found)


def refusal(subject: Subject) -> Found:
    """Who falls back outside the domain refuses there, where that is asked for."""
    falls, refuses, both = subject.fresh(), subject.fresh(outside=Outside.RAISE), 0
    for way in _ways_out(subject):
        if _error(falls, way) is None or not falls.method.fallbacks:
            continue
        both += 1
        try:
            refuses.take(way.slow, way.fast)
        except ProblemError:
            continue
        return passed_if(False, f"it prices contracts outside ({way.leaves}), though told to refuse them")
    return passed_if(True, f"refuses the {both} that the fallback prices") if both else not_applicable("no fallback")


def _error(asked: Asked, way: Way) -> float | None:
    """The largest error, on a strike of 100; None where there is a refusal in place of a price."""
    try:
        asked.take(way.slow, way.fast)
        prices = asked.price(way.fast)
    except TradesimError:
        return None
    inputs = np.column_stack([np.broadcast_to(way.fast, (len(way.slow), asked.domain.fast)), way.slow])
    known = np.isfinite(prices)
    errors = np.abs(prices - way.worth) * asked.domain.in_units(inputs)
    return float(errors[known].max()) if known.any() else None


def _ways_out(subject: Subject) -> Iterator[Way]:
    """Each input in turn below its interval and above it, where the reference has a price for that."""
    domain = subject.problem.domain
    middle = np.column_stack([np.broadcast_to(subject.anchor, (CASES, domain.fast)), subject.slow[:CASES]])
    for column, each in enumerate(domain.inputs):
        if each.low == each.high or each.spacing in {Spacing.SIGN, Spacing.WHOLE}:
            continue
        reach = BEYOND * (each.high - each.low)
        below = each.low - reach if each.low <= 0.0 else (1.0 - BEYOND) * each.low
        for side, end in (("below", below), ("above", each.high + reach)):
            inputs = middle.copy()
            if column < domain.fast:
                inputs[:, column] = end
            else:
                inputs[:, column] = end / domain.in_units(inputs) if each.money else end
            worth = _worth(subject, inputs)
            if worth is None or domain.contains(inputs).any():
                continue
            fast = float(inputs[0, 0]) if domain.fast == 1 else inputs[0, : domain.fast].copy()
            yield Way(leaves=f"{each.name} {side}", slow=inputs[:, domain.fast :].copy(), fast=fast, worth=worth)


def _worth(subject: Subject, inputs: Floats) -> Floats | None:
    try:
        if subject.problem.check is not None:
            subject.problem.check(inputs)
        worth = subject.problem.reference(inputs)
    except TradesimError:
        return None
    return worth if np.isfinite(worth).all() else None
