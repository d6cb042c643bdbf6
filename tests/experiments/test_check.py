"""The suite of checks: each fault is caught by the check that is meant for it, and a right method passes them all."""

import threading

import numpy as np
import pytest

import tradesim
from tradesim.errors import ArgumentError, ProblemError
from tradesim.experiments.check import CHECKS
from tradesim.pricing.european import price as european_price


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRADESIM_HOME", str(tmp_path_factory.mktemp("home")))
        yield


def formula(spot, strike, expiry, volatility, rate, dividend, right):
    """The formula itself."""
    return european_price(np.full(len(strike), spot), strike, expiry, volatility, rate, dividend, right.astype(np.int8))


class Right:
    """The formula, split at the spot."""

    def prepare(self, inputs):
        del inputs.spot
        return vars(inputs)

    def evaluate(self, spot, prepared, out):
        out[:] = formula(spot, **prepared)


class Counts(Right):
    """Each price depends on how many were asked for."""

    def evaluate(self, spot, prepared, out):
        self.asked = getattr(self, "asked", 0) + 1
        super().evaluate(spot, prepared, out)
        out += 1e-9 * self.asked


class Random(Right):
    def evaluate(self, spot, prepared, out):
        super().evaluate(spot, prepared, out)
        out += np.random.default_rng().normal(0.0, 1e-6, len(out))


class Smooths(Right):
    """Its spot is a mean over those before."""

    def prepare(self, inputs):
        self.last = None
        return super().prepare(inputs)

    def evaluate(self, spot, prepared, out):
        self.last = spot if self.last is None else 0.9 * self.last + 0.1 * spot
        super().evaluate(self.last, prepared, out)


class KeepsFirst(Right):
    """The volatilities of the first update are used for ever, for as many contracts as there are."""

    def prepare(self, inputs):
        known = getattr(self, "known", inputs.volatility)
        self.known = inputs.volatility
        return {**super().prepare(inputs), "volatility": np.resize(known, len(inputs.strike))}


class Shared(Right):
    """What one object prepared, all of them use."""

    now: list = []  # noqa: RUF012

    def prepare(self, inputs):
        self.now[:] = [super().prepare(inputs)]

    def evaluate(self, spot, prepared, out):
        out[:] = np.resize(formula(spot, **self.now[0]), len(out))


class Partly(Right):
    def evaluate(self, spot, prepared, out):
        out[: len(out) // 2] = formula(spot, **prepared)[: len(out) // 2]


class Positional(Right):
    """A price depends on the place in the chain."""

    def evaluate(self, spot, prepared, out):
        out[:] = formula(spot, **prepared) + 0.01 * np.arange(len(out)) / len(out)


class Normalised(Right):
    """Inputs are scaled by the mean of the batch."""

    def evaluate(self, spot, prepared, out):
        mean = prepared["volatility"].mean()
        out[:] = formula(spot, **{**prepared, "volatility": 0.99 * prepared["volatility"] + 0.01 * mean})


class Writes(Right):
    """Strikes are turned into moneyness where they stand."""

    def evaluate(self, spot, prepared, out):
        prepared["strike"] /= spot
        super().evaluate(1.0, prepared, out)
        prepared["strike"] *= spot
        out *= spot
        prepared["rate"][:] = np.abs(prepared["rate"])
        prepared["expiry"][:1] *= 1.0 + 1e-15


class Overprices(Right):
    """A call is a cent more than the spot where it is deep in the money."""

    def evaluate(self, spot, prepared, out):
        super().evaluate(spot, prepared, out)
        deep = (prepared["right"] > 0) & (prepared["strike"] < 0.8 * spot)
        out[deep] = spot + 0.01


class Cheap(Right):
    """A fifth of a cent less than it is worth."""

    def evaluate(self, spot, prepared, out):
        super().evaluate(spot, prepared, out)
        out -= 0.002


class Clipped(Right):
    """Right in the domain: a volatility beyond it is taken for its end."""

    def prepare(self, inputs):
        return {**super().prepare(inputs), "volatility": np.clip(inputs.volatility, 0.1, 0.8)}


class Refuses(Clipped):
    def prepare(self, inputs):
        if (inputs.volatility > 0.8).any() or (inputs.volatility < 0.1).any():
            raise ProblemError("volatility outside what I was trained on; leave it out")
        return super().prepare(inputs)


class Understates(Right):
    nbytes = 16

    def __init__(self):
        self.table = np.zeros(10_000)


class Grows(Right):
    """Remembers every price it ever gave."""

    def __init__(self):
        self.past = []

    def evaluate(self, spot, prepared, out):
        super().evaluate(spot, prepared, out)
        self.past.append(out.copy())


class Spikes(Right):
    """A dent around a spot of 109 to a strike of 100."""

    def evaluate(self, spot, prepared, out):
        super().evaluate(spot, prepared, out)
        out += 2.0 * (np.abs(spot / prepared["strike"] - self.at) < 1e-6)

    at = float(np.exp(-0.5 + 1.0 * 12 / 20))


def outcomes(given, **asked):
    made = tradesim.check(given, **{"problem": "european", "points": 60} | asked)
    assert [finding.check for finding in made.findings] == list(CHECKS)
    return made, {finding.check: finding for finding in made.findings}


def failed(given, **asked):
    return {check for check, finding in outcomes(given, **asked)[1].items() if finding.outcome == "fail"}


@pytest.mark.parametrize(
    "given", ["analytic", formula, Right, Right(), Refuses], ids=["name", "function", "class", "object", "refuses"]
)
def test_a_right_method_passes_every_check(given):
    made, found = outcomes(given)
    assert failed(given) == set()
    assert made.passed
    assert {name for name, finding in found.items() if finding.outcome == "info"} == {"accuracy", "speed"}


@pytest.mark.parametrize(
    ("given", "check", "told"),
    [
        (Counts, "repeatable", "40 of 40 prices differ, by up to 1e-09"),
        (Random, "repeatable", "40 of 40 prices differ"),
        (Smooths, "forgets spots", "prices differ, by up to"),
        (KeepsFirst, "forgets slow inputs", "prices differ, by up to"),
        (Shared, "objects apart", "prices differ, by up to"),
        (Partly, "answers", "the price of contract 0 of 1 is nan"),
        (Positional, "any order", "prices differ, by up to 0.00"),
        (Normalised, "neighbours", "prices differ, by up to"),
        (Writes, "answers", "read-only"),
        (Overprices, "bounds", "at most the cap"),
        (Cheap, "bounds", "worst 0.002 (at least the floor)"),
        (Clipped, "outside the domain", "wrong in silence, by up to"),
        (Understates, "memory", "and its arrays are 80,000 bytes"),
        (Spikes, "shapes", "convex in spot"),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_a_fault_is_caught_by_the_check_that_is_meant_for_it(given, check, told):
    made, found = outcomes(given)
    assert found[check].outcome == "fail"
    assert told in found[check].found
    assert not made.passed
    assert all("\n" not in finding.found for finding in made.findings)


@pytest.mark.parametrize(
    ("given", "alone"),
    [
        (Overprices, {"bounds", "shapes", "parity"}),
        (Clipped, {"outside the domain"}),
        (Understates, {"memory"}),
        (Grows, {"memory"}),
        (Spikes, {"shapes"}),
        (Shared, {"objects apart", "neighbours", "scalar"}),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_a_fault_fails_no_check_of_another_kind(given, alone):
    assert failed(given) <= alone


def test_what_does_not_answer_is_checked_no_further():
    _, found = outcomes(Partly)
    assert {finding.outcome for check, finding in found.items() if check != "answers"} == {"n/a"}


class OfOurs(tradesim.Method):
    """A subclass of the contract itself; it writes ``written`` of the prices, and one too many if told to."""

    name = "of ours"
    written, beyond, tag = 1.0, False, "hit"

    def __init__(self, problem):
        self.problem = problem

    def bind(self, chain):
        self.strike, self.right = chain.strike, chain.right

    def update(self, state):
        self.state = state

    def price(self, fast, out):
        count, state = round(self.written * len(out)), self.state
        prices = formula(fast, self.strike, state.expiry, state.volatility, state.rate, state.dividend, self.right)
        out[:count] = prices[:count]
        if self.beyond:
            np.lib.stride_tricks.as_strided(out, (len(out) + 1,), out.strides)[-1] = 0.0
        return self.tag

    @property
    def nbytes(self):
        return 0


def test_a_subclass_of_the_contract_is_held_to_it_too():
    made, found = outcomes(OfOurs)
    assert made.passed
    assert found["scalar"].outcome == "n/a"
    for name, value, told in [
        ("written", 0.5, "1 of 1 prices are not written"),
        ("beyond", True, "it writes before or behind the 1 prices"),
        ("tag", None, "price returns NoneType; it returns the work tag"),
    ]:
        _, found = outcomes(type("Faulty", (OfOurs,), {name: value}))
        assert (found["answers"].outcome, told in found["answers"].found) == ("fail", True)


class Split(tradesim.Staged):
    """A subclass of the contract in two halves, right where it is not told otherwise."""

    name = "split"

    def __init__(self, problem):
        super().__init__()
        self.problem = problem

    def prepare(self, slow, anchor):
        out = np.flatnonzero(slow[:, 2] > 0.8)
        return tradesim.Prepared(rows=slow, outside=out, fallback=slow[out])

    def evaluate(self, fast, prepared, out):
        out[:] = formula(fast, *prepared.rows.T)
        return "hit"


class RefusesToo(Split):
    def prepare(self, slow, anchor):
        prepared = super().prepare(slow, anchor)
        self.refuse(prepared.outside)
        return prepared


class OwnValue(RefusesToo):
    def value(self, **inputs):
        return super().value(**inputs) + 0.01


class ScalesStrikes(RefusesToo):
    """Strikes are shifted where they stand: at every update again."""

    def prepare(self, slow, anchor):
        slow[:, 0] *= 1.001
        return super().prepare(slow, anchor)


class NoWings(RefusesToo):
    """Has no number far from the strike."""

    def evaluate(self, fast, prepared, out):
        tag = super().evaluate(fast, prepared, out)
        out[fast > 1.6 * prepared.rows[:, 0]] = np.nan
        return tag


class NeverDead(RefusesToo):
    def evaluate(self, fast, prepared, out):
        tag = super().evaluate(fast, prepared, out)
        out[prepared.rows[:, 1] == 0.0] = 1.0
        return tag


@pytest.mark.parametrize(
    ("given", "checks"),
    [
        (RefusesToo, set()),
        (Split, {"refuses if told to"}),
        (OwnValue, {"scalar"}),
        (ScalesStrikes, {"inputs untouched", "forgets slow inputs"}),
        (NoWings, {"numbers"}),
        (NeverDead, {"expired"}),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_a_fault_in_a_subclass_is_caught_too(given, checks):
    found = failed(given)
    assert checks <= found
    assert checks or not found


def test_any_error_of_it_is_a_finding_in_one_line():
    class Raises(OfOurs):
        def update(self, state):
            raise KeyError("no\nmodel")

    _, found = outcomes(Raises)
    assert (found["answers"].outcome, found["answers"].found) == ("fail", "KeyError: 'no\\nmodel'")


def test_what_cannot_be_sent_is_told_and_no_fault():
    class Locked(Right):
        def __init__(self):
            self.lock = threading.Lock()

        def __deepcopy__(self, memo):
            return Locked()

    made, found = outcomes(Locked())
    assert made.passed
    assert found["other processes"].outcome == "info"
    assert "is replayed in this one: TypeError: cannot pickle" in found["other processes"].found


def test_the_problem_is_the_first_that_it_serves():
    def of_heston(spot, strike, vol_of_vol):
        return strike * 0.0

    assert tradesim.check(of_heston, points=20).problem == "heston"
    assert tradesim.check(Right, points=20).problem == "american"
    assert tradesim.check("analytic", problem="sine", points=20).passed
    with pytest.raises(ArgumentError, match="problem 'magic': there is no such problem"):
        tradesim.check(Right, problem="magic")
    with pytest.raises(ArgumentError, match="takes stryke; the inputs of problem 'american'"):
        tradesim.check(lambda stryke: stryke)


@pytest.mark.parametrize("problem", ["heston", pytest.param("asian", marks=pytest.mark.slow), "basket-2"])
def test_the_solvers_of_other_problems_pass(problem):
    assert failed("analytic", problem=problem, points=40) == set()
