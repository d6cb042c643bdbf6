"""How right a method is: its errors, the laws it breaks, and the money that hedging with its delta loses."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tradesim.experiments.evaluation_set import SEED, EvaluationSet
from tradesim.methods.greeks import greeks_of, reference_greeks
from tradesim.methods.staged import Staged, prices_at
from tradesim.pricing.laws import TOLERANCE, Laws, Shape, laws_of
from tradesim.pricing.problem import Floats, Problem

QUANTITIES: Final = ("price", "delta", "gamma", "vega", "theta")

MOVED: Final = 1e-3
"""By which part of itself the spot has moved since the update when errors of prices are taken: an anchor is then stale.
"""

HEDGED: Final = frozenset({"spot", "strike", "expiry", "volatility", "rate", "dividend", "right"})
"""Inputs that a problem must have for its options to be hedged along a path, and no other that moves with time."""


@dataclass(frozen=True, kw_only=True)
class Error:
    """Of one quantity over ``count`` points that are ``inside`` the domain or on its ``edge``."""

    where: str
    quantity: str
    count: int
    rmse: float
    p99: float
    largest: float


@dataclass(frozen=True, kw_only=True)
class Breach:
    """Of ``checked`` places, how many break ``law`` by more than the tolerance, and the worst.

    ``clamped`` says whether prices were first held between the law's bounds.
    """

    law: str
    clamped: bool
    checked: int
    broken: int
    worst: float


@dataclass(frozen=True, kw_only=True)
class Hedge:
    """P&L that delta hedging with the method adds to hedging with the reference, over ``paths``, on a strike of 100."""

    paths: int
    steps: int
    rmse: float
    largest: float


def errors_of(method: Staged[Any], held_out: EvaluationSet) -> Iterator[Error]:
    """Errors of prices and Greeks, inside the domain and on its edges."""
    for where, sheet in (("inside", held_out.inside), ("edge", held_out.edges)):
        answers = np.column_stack([prices_at(method, sheet.inputs, moved=MOVED), greeks_of(method, sheet.inputs)])
        truth = np.column_stack([sheet.prices, sheet.greeks])
        for quantity, error in zip(QUANTITIES, np.abs(answers - truth).T, strict=True):
            yield _error(where, quantity, error)


def _error(where: str, quantity: str, error: Floats) -> Error:
    return Error(
        where=where,
        quantity=quantity,
        count=len(error),
        rmse=float(np.sqrt(np.mean(error**2))),
        p99=float(np.quantile(error, 0.99)),
        largest=float(error.max()),
    )


def breaches_of(method: Staged[Any], held_out: EvaluationSet) -> Iterator[Breach]:
    """The laws of the problem, held against the method's prices as they come and after clamping to the bounds."""
    laws = laws_of(held_out.problem)
    for clamped in (False, True):
        if clamped and laws.bounds is None:
            return
        price = _clamped(method, laws) if clamped else (lambda inputs: prices_at(method, inputs))
        for law, worst in _violations(price, held_out, laws):
            yield Breach(
                law=law,
                clamped=clamped,
                checked=len(worst),
                broken=int((worst > TOLERANCE).sum()),
                worst=float(max(worst.max(), 0.0)),
            )


Price = Callable[[Floats], Floats]


def _clamped(method: Staged[Any], laws: Laws) -> Price:
    def price(inputs: Floats) -> Floats:
        bounds = laws.bounds
        assert bounds is not None
        floor = bounds.floor(inputs)
        if laws.european is not None:
            floor = np.maximum(floor, laws.european(inputs))
        return np.clip(prices_at(method, inputs), floor, np.maximum(bounds.cap(inputs), floor))

    return price


Violations = Iterator[tuple[str, Floats]]
"""Laws, and by how much each is broken at each place; negative where it holds."""


def _violations(price: Price, held_out: EvaluationSet, laws: Laws) -> Violations:
    yield from bounds_broken(price, held_out, laws)
    yield from exercise_broken(price, held_out, laws)
    yield from shapes_broken(price, held_out, laws)
    yield from parity_broken(price, held_out, laws)


def bounds_broken(price: Price, held_out: EvaluationSet, laws: Laws) -> Violations:
    """The floor and the cap, at the held-out points."""
    if laws.bounds is not None:
        inputs = held_out.inside.inputs
        prices = price(inputs)
        yield "at least the floor", laws.bounds.floor(inputs) - prices
        yield "at most the cap", prices - laws.bounds.cap(inputs)


def exercise_broken(price: Price, held_out: EvaluationSet, laws: Laws) -> Violations:
    """The right to exercise early is worth something, at the held-out points."""
    if laws.european is not None:
        yield "at least European", laws.european(held_out.inside.inputs) - price(held_out.inside.inputs)


def shapes_broken(price: Price, held_out: EvaluationSet, laws: Laws) -> Violations:
    """The shapes along inputs, on the exam's lines."""
    for name, shape in laws.shapes:
        yield from _shape(price, held_out, laws, name, shape)


def parity_broken(price: Price, held_out: EvaluationSet, laws: Laws) -> Violations:
    """A call less a put, at the held-out points."""
    if laws.parity is not None:
        yield "parity", _parity(price, held_out.problem, held_out.inside.inputs, laws)


def strikes_broken(price: Price, held_out: EvaluationSet) -> Violations:
    """A call is worth no more for a higher strike, and a put no less; of a problem with both and one spot."""
    domain = held_out.problem.domain
    if {"strike", "right"} <= set(domain.names) and domain.fast == 1:
        lines = _lines(held_out, "strike")
        prices = price(lines.reshape(-1, lines.shape[2])).reshape(lines.shape[:2])
        yield "monotone in strike", (lines[:, 1:, domain.column("right")] * np.diff(prices, axis=1)).ravel()


def _shape(price: Price, held_out: EvaluationSet, laws: Laws, name: str, shape: Shape) -> Iterator[tuple[str, Floats]]:
    lines = _lines(held_out, name)
    flat = lines.reshape(-1, lines.shape[2])
    prices = price(flat).reshape(lines.shape[:2])
    at = lines[:, :, held_out.problem.domain.column(name)]
    if shape is Shape.RISING:
        yield f"rising in {name}", (prices[:, :-1] - prices[:, 1:]).ravel()
    elif shape is Shape.CONVEX:
        share = (at[:, 1:-1] - at[:, :-2]) / (at[:, 2:] - at[:, :-2])
        chord = (1.0 - share) * prices[:, :-2] + share * prices[:, 2:]
        yield f"convex in {name}", (prices[:, 1:-1] - chord).ravel()
    elif laws.bounds is not None:
        right = lines[:, 1:, held_out.problem.domain.column("right")]
        steps, moves = np.diff(at, axis=1), right * np.diff(prices, axis=1)
        most = laws.bounds.slope(flat).reshape(lines.shape[:2])[:, 1:]
        yield "delta in its range", np.maximum(-moves, moves - most * steps).ravel()


def _lines(held_out: EvaluationSet, name: str) -> Floats:
    """Each line's points, float64[lines, nodes, d]: one input runs over its interval, a strike as a spot does."""
    domain, nodes = held_out.problem.domain, held_out.size.nodes
    lines = np.repeat(held_out.lines[:, None, :], nodes, axis=1)
    each = domain.inputs[0 if name == "strike" else domain.column(name)]
    lines[:, :, domain.column(name)] = each.at(np.linspace(0.0, 1.0, nodes))
    if name == "strike":
        lines[:, :, : domain.fast] = domain.inputs[domain.column("strike")].low
    return lines


def _parity(price: Price, problem: Problem, inputs: Floats, laws: Laws) -> Floats:
    calls, puts = inputs.copy(), inputs.copy()
    right = problem.domain.column("right")
    calls[:, right], puts[:, right] = 1.0, -1.0
    assert laws.parity is not None
    low, high = (bound(calls) for bound in laws.parity)
    difference = price(calls) - price(puts)
    return np.maximum(low - difference, difference - high)


def hedge_of(method: Staged[Any], journeys: "Journeys | None") -> Hedge | None:
    """What hedging each step with the method's delta adds to the P&L; None where options are not hedged."""
    if journeys is None:
        return None
    delta = greeks_of(method, journeys.inputs)[:, 0].reshape(journeys.gain.shape)
    added = ((delta - journeys.delta) * journeys.gain).sum(axis=1)
    return Hedge(
        paths=journeys.gain.shape[0],
        steps=journeys.gain.shape[1],
        rmse=float(np.sqrt(np.mean(added**2))),
        largest=float(np.abs(added).max()),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Journeys:
    """Paths along which options are hedged, with the reference's delta.

    ``inputs``  float64[paths * steps, d]: the option at each step, its time running down
    ``gain``    float64[paths, steps]: what one unit of the underlying, financed, earns over the step
    ``delta``   float64[paths, steps], the reference's
    """

    inputs: Floats
    gain: Floats
    delta: Floats


def journeys_of(held_out: EvaluationSet) -> Journeys | None:
    """Lognormal paths at the option's own volatility over nine tenths of its life, hedged in equal steps."""
    problem, size = held_out.problem, held_out.size
    names = problem.domain.names
    if not set(names) >= HEDGED or problem.domain.fast != 1 or "fixed" in names:
        return None
    spot, expiry, volatility, rate, dividend = (
        problem.domain.column(name) for name in ("spot", "expiry", "volatility", "rate", "dividend")
    )
    start = problem.domain.sample(size.paths, seed=SEED + 4)
    step = 0.9 * start[:, expiry] / size.steps
    shocks = np.random.default_rng(SEED + 5).normal(size=(size.paths, size.steps))
    deviation = start[:, volatility] * np.sqrt(step)
    carry = (start[:, rate] - start[:, dividend]) * step
    logs = np.cumsum(deviation[:, None] * shocks + (carry - 0.5 * deviation**2)[:, None], axis=1)
    path = start[:, [spot]] * np.exp(np.column_stack([np.zeros(size.paths), logs]))
    inputs = np.repeat(start[:, None, :], size.steps, axis=1)
    inputs[:, :, spot] = path[:, :-1]
    inputs[:, :, expiry] -= step[:, None] * np.arange(size.steps)
    flat = inputs.reshape(-1, inputs.shape[2])
    gain = path[:, 1:] - path[:, :-1] * np.exp(carry)[:, None]
    delta = reference_greeks(problem, flat)[:, 0].reshape(gain.shape)
    return Journeys(inputs=flat, gain=gain, delta=delta)
