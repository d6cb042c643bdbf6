"""The closed form near Heston's price."""

import numpy as np
import pytest
from scipy.integrate import quad

from tradesim.pricing import european
from tradesim.pricing.heston import DOMAIN, price, proxy
from tradesim.pricing.heston_expansion import integrals
from tradesim.pricing.heston_transform import Dynamics, total_variance

AT = {name: i for i, name in enumerate(DOMAIN.names)}


@pytest.mark.parametrize("reversion", [1e-6, 9.9e-4, 1.01e-3, 0.1, 1.0, 5.0])
def test_the_integrals_are_those_of_their_definition(reversion):
    d = Dynamics(1.0, 0.09, reversion, 0.04, 0.7, -0.6)

    def a(t):
        return -np.expm1(-reversion * t) / reversion

    def b(t):
        return quad(lambda s: np.exp(-reversion * (t - s)) * a(s), 0, t, epsabs=1e-14)[0]

    def integral(weight):
        def mean(t):
            return d.long_variance + (d.variance - d.long_variance) * np.exp(-reversion * t)

        return quad(lambda t: mean(t) * weight(d.expiry - t), 0, d.expiry, epsabs=1e-14)[0]

    linked = d.correlation * d.vol_of_vol
    expected = (
        linked / 2 * integral(a),
        d.vol_of_vol**2 / 8 * integral(lambda t: a(t) ** 2),
        linked**2 / 2 * integral(b),
    )
    np.testing.assert_allclose(integrals(d), expected, rtol=2e-3 if reversion < 1e-3 else 1e-5)


def test_the_error_is_of_the_third_order():
    table = DOMAIN.sample(500, seed=51)
    table[:, AT["expiry"]] = np.maximum(table[:, AT["expiry"]], 0.1)
    errors = []
    for vol_of_vol in (0.02, 0.01):
        table[:, AT["vol_of_vol"]] = vol_of_vol
        errors.append(np.sqrt(np.mean((price(table) - proxy(table)) ** 2)))
    assert 6 < errors[0] / errors[1] < 10


def test_it_is_nearer_than_black_scholes_at_the_mean_variance():
    table = DOMAIN.sample(3_000, seed=52)
    plain = table[:, :7].copy()
    for i, row in enumerate(table):
        expiry, volatility, kappa, long, xi, rho = (row[AT[n]] for n in NAMES)
        d = Dynamics(expiry, volatility**2, kappa, long**2, xi, rho)
        plain[i, AT["volatility"]] = np.sqrt(total_variance(d) / expiry)
    truth = price(table)
    off, off_plain = (np.sqrt(np.mean((x - truth) ** 2)) for x in (proxy(table), european.price(*plain.T)))
    assert off < 0.06
    assert off_plain > 5 * off


NAMES = ("expiry", "volatility", "reversion", "long_volatility", "vol_of_vol", "correlation")


@pytest.mark.parametrize("points", [DOMAIN.sample, DOMAIN.edges])
def test_it_stays_between_the_bounds_of_arbitrage(points):
    table = points(3_000, seed=53)
    table[::2, AT["vol_of_vol"]] = 5.0
    asset = table[:, AT["spot"]] * np.exp(-table[:, AT["dividend"]] * table[:, AT["expiry"]])
    cash = table[:, AT["strike"]] * np.exp(-table[:, AT["rate"]] * table[:, AT["expiry"]])
    right, value = table[:, AT["right"]], proxy(table)
    assert (value >= np.maximum(right * (asset - cash), 0.0) - 1e-12).all()
    assert (value <= np.where(right > 0, asset, cash) + 1e-12).all()
