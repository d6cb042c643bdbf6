import math

import numpy as np
import pytest
from asian_oracle import AsianOracle, choi, geometric, monte_carlo, whole_days
from hypothesis import given
from hypothesis import strategies as st

from tradesim.errors import ArgumentError
from tradesim.pricing import PROBLEMS, asian
from tradesim.pricing.asian import ASIAN_PROBLEM, DOMAIN, greeks, price, proxy
from tradesim.pricing.asian_simulation import simulate
from tradesim.pricing.european import european_value
from tradesim.pricing.problem import Domain

NAMES = DOMAIN.names
COLUMN = {name: DOMAIN.column(name) for name in NAMES}

OPTIONS = st.builds(
    lambda moneyness, expiry, volatility, rate, dividend, right, counts, average, interval: np.array(
        [[100 * math.exp(moneyness), 100, expiry, volatility, rate, dividend, right, *counts, average, interval]]
    ),
    moneyness=st.floats(-0.5, 0.5),
    expiry=st.floats(1e-3, 2.0),
    volatility=st.floats(0.05, 1.0),
    rate=st.floats(-0.05, 0.15),
    dividend=st.floats(-0.05, 0.15),
    right=st.sampled_from([1.0, -1.0]),
    counts=st.integers(1, 12).flatmap(lambda n: st.tuples(st.just(float(n)), st.integers(0, n - 1).map(float))),
    average=st.floats(70.0, 140.0),
    interval=st.floats(0.0, 0.2),
)


def changed(inputs, **columns):
    out = inputs.copy()
    for name, value in columns.items():
        out[:, COLUMN[name]] = value
    return out


def column(inputs, name):
    return inputs[:, COLUMN[name]]


def dates(row):
    """The remaining fixings by the definition, an option at a time."""
    left = int(column(row, "fixings")[0] - column(row, "fixed")[0])
    expiry, interval = column(row, "expiry")[0], column(row, "interval")[0]
    if left > 1:
        interval = min(interval, expiry / (left - 1))
    return np.maximum(expiry - interval * np.arange(left - 1, -1, -1), 0.0)


def forwards(row):
    """Present values of the expected average, what is fixed included, and of the strike."""
    discount = math.exp(-column(row, "rate")[0] * column(row, "expiry")[0])
    growth = np.exp((column(row, "rate")[0] - column(row, "dividend")[0]) * dates(row))
    taken = column(row, "fixed")[0] * column(row, "average")[0]
    average = (taken + column(row, "spot")[0] * growth.sum()) / column(row, "fixings")[0]
    return discount * average, discount * column(row, "strike")[0]


# Two programs that share nothing but the contract, and others' programs.


@pytest.mark.parametrize("sample", [Domain.sample, Domain.edges])
def test_recursion_and_simulation_agree_within_the_standard_error(sample):
    inputs = sample(DOMAIN, 300, seed=4)
    estimate = simulate(inputs, paths=1024, scrambles=16)
    off = np.abs(estimate.value - price(inputs))
    assert (off <= 5.5 * estimate.standard_error + 1e-8).all()
    assert estimate.standard_error.max() < 1e-3


def test_agrees_with_a_sum_of_lognormals():
    inputs = changed(DOMAIN.sample(12, seed=5), fixings=4.0, fixed=0.0, expiry=360 / 365, interval=90 / 365)
    assert np.abs(AsianOracle(engine=choi(precision=20))(inputs) - price(inputs)).max() < 1e-4


def test_agrees_with_monte_carlo_before_and_after_the_first_fixing():
    inputs = whole_days(changed(DOMAIN.sample(12, seed=6), fixed=np.tile([0.0, 0.0, 3.0, 8.0], 3)))
    oracle = AsianOracle(engine=monte_carlo(samples=4096, seed=3))
    for row, value in zip(inputs, price(inputs), strict=True):
        option = oracle.option(row)
        assert abs(option.NPV() - value) <= 4.5 * option.errorEstimate() + 1e-9


def test_geometric_average_agrees_with_quantlib():
    inputs = whole_days(changed(DOMAIN.sample(200, seed=8), fixed=0.0))
    oracle = AsianOracle(engine=geometric, geometric=True)
    assert np.abs(asian.geometric(inputs) - oracle(inputs)).max() < 1e-11


def test_simulation_reports_an_honest_error():
    inputs = DOMAIN.sample(40, seed=9)
    inputs = inputs[simulate(inputs, scrambles=2).standard_error > 1e-7]
    truth = price(inputs)
    scores = []
    for seed in range(12):
        estimate = simulate(inputs, paths=128, scrambles=8, seed=1000 * seed)
        scores.append((estimate.value - truth) / estimate.standard_error)
    assert 0.6 < np.sqrt(np.mean(np.square(scores))) < 1.8
    fine = simulate(inputs, paths=2048, scrambles=8)
    coarse = simulate(inputs, paths=128, scrambles=8)
    assert np.median(fine.standard_error / coarse.standard_error) < 0.5 * math.sqrt(128 / 2048)


def test_simulation_repeats():
    inputs = DOMAIN.sample(10, seed=1)
    assert simulate(inputs).value.tolist() == simulate(inputs).value.tolist()
    assert simulate(inputs).value.tolist() != simulate(inputs, seed=99).value.tolist()


# Laws.


@given(OPTIONS)
def test_lies_between_the_forward_and_what_is_paid_for(row):
    asset, cash = forwards(row)
    right = column(row, "right")[0]
    value = price(row)[0]
    slack = 1e-8 * (asset + cash)
    assert max(right * (asset - cash), 0.0) - slack <= value
    assert value <= (asset if right > 0 else cash) + slack


@given(OPTIONS)
def test_put_call_parity(row):
    asset, cash = forwards(row)
    call, put = (price(changed(row, right=right))[0] for right in (1.0, -1.0))
    assert call - put == pytest.approx(asset - cash, abs=1e-9 * (asset + cash))


@given(OPTIONS)
def test_one_fixing_is_a_european_option(row):
    row = changed(row, fixings=1.0, fixed=0.0)
    value = european_value(*row[0, :6], 1 if column(row, "right")[0] > 0 else -1)
    assert price(row)[0] == pytest.approx(value, abs=1e-10 * 100)
    assert simulate(row, paths=16, scrambles=2).value[0] == pytest.approx(value, abs=1e-10 * 100)
    assert proxy(row)[0] == pytest.approx(value, abs=1e-10 * 100)


@given(OPTIONS)
def test_the_last_fixing_is_a_european_option_on_a_moved_strike(row):
    fixings, average = column(row, "fixings")[0], column(row, "average")[0]
    row = changed(row, fixed=fixings - 1.0)
    level = fixings * column(row, "strike")[0] - (fixings - 1.0) * average
    if level > 0.0:
        right = 1 if column(row, "right")[0] > 0 else -1
        whole = european_value(row[0, 0], level, *row[0, 2:6], right)
        assert price(row)[0] == pytest.approx(whole / fixings, abs=1e-9 * 100)


@given(OPTIONS, st.floats(0.01, 100.0))
def test_scales_with_the_currency(row, scale):
    scaled = row.copy()
    for name in ("spot", "strike", "average"):
        scaled[:, COLUMN[name]] *= scale
    assert price(scaled)[0] == pytest.approx(scale * price(row)[0], abs=1e-10 * scale * 100)


@given(OPTIONS)
def test_grows_with_volatility(row):
    more = changed(row, volatility=1.1 * column(row, "volatility"))
    assert price(more)[0] >= price(row)[0] - 1e-8


@given(OPTIONS)
def test_is_no_less_than_on_the_geometric_average_for_a_call(row):
    row = changed(row, fixed=0.0, right=1.0)
    assert price(row)[0] >= asian.geometric(row)[0] - 1e-8 * column(row, "strike")[0]


@given(OPTIONS, st.floats(1.0, 3.0))
def test_once_the_strike_is_passed_it_is_a_forward(row, excess):
    row = changed(row, fixings=12.0, fixed=9.0, average=100 * 12 / 9 * excess)
    asset, cash = forwards(row)
    call, put = (changed(row, right=right) for right in (1.0, -1.0))
    assert price(call)[0] == pytest.approx(asset - cash, rel=1e-12)
    assert price(put)[0] == 0.0
    slope = (asset - math.exp(-row[0, 4] * row[0, 2]) * 9 / 12 * column(row, "average")[0]) / row[0, 0]
    assert greeks(call)[0, :3] == pytest.approx([slope, 0.0, 0.0], abs=1e-9)
    assert greeks(put)[0].tolist() == [0.0, 0.0, 0.0, 0.0]


@given(OPTIONS)
def test_a_fixing_taken_at_the_spot_now_changes_nothing(row):
    left = column(row, "fixings")[0] - column(row, "fixed")[0]
    if left > 1.0:
        interval = column(row, "expiry")[0] / (left - 1.0)
        fixed, spot = column(row, "fixed")[0], row[0, 0]
        before = changed(row, interval=interval)
        average = (fixed * column(row, "average")[0] + spot) / (fixed + 1.0)
        after = changed(before, fixed=fixed + 1.0, average=average)
        assert price(after)[0] == pytest.approx(price(before)[0], abs=1e-8)


def test_there_is_no_seam_where_the_wait_outgrows_the_interval():
    row = np.array([[100.0, 100.0, 1.0, 0.4, 0.05, 0.0, 1.0, 12.0, 0.0, 100.0, 1.0 / 12.0]])
    below, above = price(changed(row, expiry=1 - 1e-9)), price(changed(row, expiry=1 + 1e-9))
    assert above - below == pytest.approx(-2e-9 * greeks(row)[0, 3], abs=1e-9)


@pytest.mark.parametrize("right", [1.0, -1.0])
@pytest.mark.parametrize("changes", [{"volatility": 0.0}, {"expiry": 0.0}])
def test_without_uncertainty_it_is_the_forward_intrinsic_value(changes, right):
    row = changed(DOMAIN.sample(1, seed=2), right=right, fixed=3.0, **changes)
    asset, cash = forwards(row)
    expected = max(right * (asset - cash), 0.0)
    assert price(row)[0] == pytest.approx(expected, abs=1e-12)
    assert simulate(row, scrambles=2).value[0] == pytest.approx(expected, abs=1e-12)


def test_proxy_is_near():
    inputs = DOMAIN.sample(500, seed=3)
    off = proxy(inputs) - price(inputs)
    assert np.sqrt(np.mean(off**2)) < 0.03
    assert np.abs(off[column(inputs, "volatility") < 0.3]).max() < 0.02


def test_many_fixings_approach_the_continuous_average():
    row = np.array([[2.0, 2.0, 2.0, 0.5, 0.05, 0.0, 1.0, 1.0, 0.0, 2.0, 0.0]])
    values = [price(changed(row, fixings=n, interval=2.0 / n))[0] for n in (50.0, 100.0, 200.0)]
    # The error falls as 1 / n: Richardson. The exact continuous price is in Vecer (2001).
    assert 2 * values[2] - values[1] == pytest.approx(0.350095, abs=5e-6)
    assert 2 * values[1] - values[0] == pytest.approx(2 * values[2] - values[1], abs=1e-5)


# Greeks.


@pytest.mark.parametrize(("name", "place", "sign"), [("spot", 0, 1), ("volatility", 2, 1), ("expiry", 3, -1)])
def test_greeks_are_slopes_of_the_price(name, place, sign):
    inputs = DOMAIN.sample(300, seed=12)
    step = 2e-4 * column(inputs, name)
    up, down = (price(changed(inputs, **{name: column(inputs, name) + way * step})) for way in (1, -1))
    off = np.abs(sign * (up - down) / (2 * step) - greeks(inputs)[:, place])
    assert off.max() < 1e-5 * np.abs(greeks(inputs)[:, place]).max() + 1e-6


def test_gamma_is_the_slope_of_delta():
    inputs = DOMAIN.sample(300, seed=13)
    step = 1e-4 * column(inputs, "spot")
    up, down = (greeks(changed(inputs, spot=column(inputs, "spot") + way * step))[:, 0] for way in (1, -1))
    gamma = greeks(inputs)[:, 1]
    assert np.abs((up - down) / (2 * step) - gamma).max() < 1e-5 * gamma.max()


@given(OPTIONS)
def test_greeks_keep_the_laws(row):
    row = changed(row, right=1.0)
    call, put = greeks(row)[0], greeks(changed(row, right=-1.0))[0]
    assert call[0] >= -1e-9
    assert put[0] <= 1e-9
    assert call[1] >= 0.0
    assert call[1] == pytest.approx(put[1], abs=1e-12)
    assert call[2] == pytest.approx(put[2], abs=1e-4)


def test_greeks_of_one_fixing_are_the_european_ones():
    row = np.array([[100.0, 95.0, 0.5, 0.3, 0.05, 0.02, 1.0, 1.0, 0.0, 95.0, 0.1]])
    spot, strike, expiry, volatility, rate, dividend = row[0, :6]
    deviation = volatility * math.sqrt(expiry)
    upper = (math.log(spot / strike) + (rate - dividend) * expiry) / deviation + 0.5 * deviation
    density = math.exp(-0.5 * upper * upper) / math.sqrt(2 * math.pi) * math.exp(-dividend * expiry)
    likely, tilted = (0.5 * math.erfc(-x / math.sqrt(2)) for x in (upper - deviation, upper))
    delta = math.exp(-dividend * expiry) * tilted
    theta = -spot * density * volatility / (2 * math.sqrt(expiry)) + dividend * spot * delta
    theta -= rate * strike * math.exp(-rate * expiry) * likely
    expected = [delta, density / (spot * deviation), spot * density * math.sqrt(expiry), theta]
    assert greeks(row)[0] == pytest.approx(expected, rel=1e-6)


# The door.


@pytest.mark.parametrize("function", [price, proxy, greeks, asian.geometric])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"spot": -1.0}, r"spot\[0\] is -1.0"),
        ({"right": 0.0}, r"right\[0\] is"),
        ({"fixings": 0.0}, r"fixings\[0\] is 0.0: it must be a whole number, 1 or more"),
        ({"fixings": 2.5}, r"fixings\[0\] is 2.5"),
        ({"fixed": 12.0}, r"fixed\[0\] is 12.0: it must be whole, 0 to fixings - 1"),
        ({"average": math.nan}, r"average\[0\] is nan: it must be finite"),
        ({"interval": -0.1}, r"interval\[0\] is -0.1"),
    ],
)
def test_bad_inputs_are_named(function, changes, message):
    row = changed(DOMAIN.sample(1, seed=1), fixed=0.0)
    with pytest.raises(ArgumentError, match=message):
        function(changed(row, **changes))


def test_a_table_of_other_inputs_is_refused():
    with pytest.raises(ArgumentError, match="an Asian option takes spot, strike"):
        price(np.ones((2, 7)))


def test_the_geometric_price_is_of_fresh_contracts():
    with pytest.raises(ArgumentError, match="fixed is above zero"):
        asian.geometric(changed(DOMAIN.sample(1, seed=1), fixed=1.0))


def test_the_domain_holds_contracts_before_and_after_their_first_fixing():
    fixed = column(DOMAIN.sample(2_000, seed=1), "fixed")
    assert set(fixed) == set(range(12))
    assert PROBLEMS["asian"] is ASIAN_PROBLEM
