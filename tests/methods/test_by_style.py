"""A method on a chain of both exercise styles: each contract by its own."""

from dataclasses import replace

import numpy as np
import pytest
from mixed import mixed_chain, quantlib_values
from probes import START

from tradesim.market.chain import AMERICAN, EUROPEAN
from tradesim.methods.analytic import Analytic
from tradesim.methods.by_style import ByStyle, method_for
from tradesim.methods.method import State, price_chain
from tradesim.methods.nothing import Nothing
from tradesim.methods.registry import METHODS
from tradesim.pricing import PROBLEMS

PROBLEM, SPOT = PROBLEMS["american"], 100.0
INPUTS = {"volatility": 0.25, "rate": 0.04, "dividend": 0.01}
ERRORS = {
    **dict.fromkeys(("lightgbm", "lightgbm-slice", "network", "network-slice", "ladder"), 0.1),
    **dict.fromkeys(("subspace", "subspace-slice"), 0.05),
    **dict.fromkeys(("chebyshev", "chebyshev-slice", "memo", "grid-linear"), 0.02),
    **{"proxy": 8.0, "inexact": 0.03, "lightgbm-plain": 4.0},
}
"""Largest error, on strikes near 100, of the small builds of these tests; a thousandth where none is stated."""


def state_of(chain, index=0, spot=SPOT):
    columns = {name: np.full(len(chain), value) for name, value in INPUTS.items()}
    return State(index=index, instant=START, spot=spot, expiry=chain.years_to_expiry(START), **columns)


def ready(method, chain, **state):
    method.bind(chain)
    method.update(state_of(chain, **state))
    return method


@pytest.mark.parametrize("name", METHODS)
def test_every_contract_is_worth_what_quantlib_says_of_its_style(name, make, home):
    make(name, "american")
    chain = mixed_chain()
    method = ready(method_for(name, PROBLEM, chain, home), chain)
    prices = price_chain(method, SPOT, len(chain))
    if name == "nothing":
        assert np.isnan(prices).all()
        return
    gap = np.abs(prices - quantlib_values(SPOT, **INPUTS))
    assert gap.max() < ERRORS.get(name, 1e-3)
    if method.name not in {"proxy", "inexact", "memo"}:
        assert gap[chain.style == EUROPEAN].max() < 1e-5


@pytest.mark.parametrize("name", METHODS)
def test_american_contracts_are_priced_as_in_a_chain_of_their_own(name, make, home):
    make(name, "american")
    chain = mixed_chain()
    places = np.flatnonzero(chain.style == AMERICAN)
    alone = chain.select(places)
    both = ready(method_for(name, PROBLEM, chain, home), chain)
    one = ready(method_for(name, PROBLEM, alone, home), alone)
    assert np.array_equal(
        price_chain(both, 101.0, len(chain))[places], price_chain(one, 101.0, len(alone)), equal_nan=True
    )


@pytest.mark.parametrize("style", [AMERICAN, EUROPEAN])
def test_a_chain_of_one_style_has_the_method_itself(style, tmp_path):
    chain = mixed_chain()
    alone = chain.select(np.flatnonzero(chain.style == style))
    assert type(method_for("analytic", PROBLEM, alone, tmp_path)) is Analytic
    assert type(method_for("analytic", PROBLEMS["european"], chain, tmp_path)) is Analytic
    assert type(method_for("analytic", PROBLEM, chain, tmp_path)) is ByStyle


@pytest.mark.parametrize("name", ["memo@64KiB", "grid@64KiB"])
def test_a_stated_memory_is_not_exceeded_for_the_european_contracts(name, make, home):
    chain = mixed_chain()
    alone = chain.select(np.flatnonzero(chain.style == AMERICAN))
    both, one = (ready(method_for(name, PROBLEM, each, home), each) for each in (chain, alone))
    assert one.nbytes < both.nbytes < one.nbytes + 4 * 1024


@pytest.mark.parametrize("name", ["analytic", "analytic-slice", "curve", "taylor", "reference"])
def test_a_replay_takes_the_same_prices(name, tmp_path):
    chain = mixed_chain()
    method = method_for(name, PROBLEM, chain, tmp_path)
    live, replayed = ready(method, chain), ready(method.replayed_by(), chain)
    for index, spot in enumerate((100.0, 99.0, 100.0)):
        for each in (live, replayed):
            each.update(state_of(chain, index=index % 2, spot=spot))
        assert np.array_equal(price_chain(live, spot, len(chain)), price_chain(replayed, spot, len(chain)))


class Tagged(Nothing):
    """Says where its prices came from, and costs something."""

    fallbacks = 2
    nbytes = 1000

    def __init__(self, problem, tag):
        super().__init__(problem)
        self.tag = tag

    def price(self, fast, out):
        super().price(fast, out)
        return self.tag


@pytest.mark.parametrize(
    ("american", "european", "tag"),
    [
        ("miss", "hit", "miss"),
        ("miss", "miss", "miss"),
        ("hit", "far", "hit-far"),
        ("moved-out", "far", "moved-out-far"),
    ],
)
def test_the_work_of_both_styles_is_told_and_counted(american, european, tag):
    chain = mixed_chain()
    method = ready(ByStyle(Tagged(PROBLEM, american), Tagged(PROBLEMS["european"], european)), chain)
    assert method.price(SPOT, np.empty(len(chain))) == tag
    assert method.fallbacks == 4
    assert 2000 < method.nbytes < 3000


def test_a_state_that_is_partly_unknown_is_dealt_out_with_it():
    chain = mixed_chain()
    own = np.arange(len(chain)) % 2 == 0
    seen = []
    parts = [Tagged(PROBLEM, "hit"), Tagged(PROBLEMS["european"], "hit")]
    for part in parts:
        part.update = seen.append
    method = ByStyle(*parts)
    method.bind(chain)
    method.update(replace(state_of(chain), own=own))
    for state, style in zip(seen, (AMERICAN, EUROPEAN), strict=True):
        assert np.array_equal(state.own, own[chain.style == style])
        assert np.array_equal(state.expiry, chain.years_to_expiry(START)[chain.style == style])
