import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from tradesim.errors import ArgumentError
from tradesim.market.svi import Fitted, Smile, fit_smile

YEARS = 0.25
K = np.linspace(-0.5, 0.4, 25)

smiles = st.builds(
    Smile,
    a=st.floats(0.005, 0.03),
    b=st.floats(0.02, 0.15),
    rho=st.floats(-0.8, 0.5),
    m=st.floats(-0.1, 0.1),
    sigma=st.floats(0.05, 0.3),
)


def call(smile, k):
    """Undiscounted Black price of a call at strike exp(k) on a forward of 1."""
    w = smile.variance(k)
    d1 = -k / np.sqrt(w) + 0.5 * np.sqrt(w)
    return norm.cdf(d1) - np.exp(k) * norm.cdf(d1 - np.sqrt(w))


@given(smiles)
@settings(max_examples=10)
def test_a_smile_free_of_arbitrage_is_found_again_from_its_own_quotes(smile):
    if smile.density(Fitted(smile=smile, k=K).lattice).min() < 0.01:
        return
    quoted = smile.volatility(K, YEARS)
    found = fit_smile(K, quoted, np.full(len(K), 0.002), YEARS).smile
    assert np.abs(found.volatility(K, YEARS) - quoted).max() < 2e-4


@given(smiles)
@settings(max_examples=20)
def test_the_density_has_the_sign_and_size_of_the_second_derivative_of_call_prices(smile):
    strike, h = np.exp(K), 1e-4
    bent = (
        call(smile, np.log(strike + h)) - 2.0 * call(smile, np.log(strike)) + call(smile, np.log(strike - h))
    ) / h**2
    w = smile.variance(K)
    below = -K / np.sqrt(w) - 0.5 * np.sqrt(w)
    density = smile.density(K) * norm.pdf(below) / np.sqrt(w) / strike
    assert bent == pytest.approx(density, rel=1e-3, abs=1e-5)


def test_quotes_that_admit_a_free_butterfly_are_fitted_by_a_smile_that_does_not():
    arbitrage = Smile(a=-0.041, b=0.1331, rho=0.306, m=0.3586, sigma=0.4153)
    k = np.linspace(-1.5, 1.5, 41)
    assert arbitrage.density(k).min() < -0.005  # Gatheral and Jacquier's example 3.1, after Axel Vogt
    fitted = fit_smile(k, arbitrage.volatility(k, 1.0), np.full(len(k), 0.005), 1.0)
    assert fitted.smile.density(fitted.lattice).min() >= 0.0
    assert np.abs(fitted.smile.volatility(k, 1.0) - arbitrage.volatility(k, 1.0)).max() < 0.03


def test_a_later_expiry_does_not_fall_below_the_one_before():
    flat = np.full(len(K), 0.002)
    near = fit_smile(K, np.full(len(K), 0.4), flat, 0.25)
    below = np.full(len(K), 0.3)  # total variance 0.27 x 0.09 < 0.25 x 0.16
    assert fit_smile(K, below, flat, 0.27).above(near).min() < -0.01
    assert fit_smile(K, below, flat, 0.27, below=near).above(near).min() >= 0.0


def test_one_wild_quote_does_not_bend_the_smile():
    smile = Smile(a=0.01, b=0.08, rho=-0.3, m=0.0, sigma=0.15)
    quoted = smile.volatility(K, YEARS)
    wild = quoted.copy()
    wild[12] += 0.5
    found = fit_smile(K, wild, np.full(len(K), 0.005), YEARS).smile
    assert np.abs(found.volatility(K, YEARS) - quoted).max() < 0.005


def test_too_few_quotes_and_impossible_smiles_are_refused():
    with pytest.raises(ArgumentError, match="at least 5"):
        fit_smile(K[:4], np.full(4, 0.3), np.full(4, 0.01), YEARS)
    for bad in ({"b": -0.1}, {"rho": 1.1}, {"sigma": 0.0}, {"a": -1.0}):
        with pytest.raises(ArgumentError):
            Smile(**({"a": 0.01, "b": 0.1, "rho": 0.0, "m": 0.0, "sigma": 0.1} | bad))
