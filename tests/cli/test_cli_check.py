"""``tradesim check``: what it prints, and its exit status."""

import json
import textwrap

import pytest

PRICERS = textwrap.dedent("""
    import numpy as np
    from tradesim.pricing.european import price

    def right(spot, strike, expiry, volatility, rate, dividend, right):
        spots = np.full(len(strike), spot)
        return price(spots, strike, expiry, volatility, rate, dividend, right.astype(np.int8))

    def by_place(spot, strike):
        return np.arange(len(strike)) * 1.0

    def fails(spot):
        raise OSError("no model")
""")


@pytest.fixture
def pricers(command, tmp_path):
    path = tmp_path / "pricers.py"
    path.write_text(PRICERS)
    return path


def test_a_right_pricer_ends_with_zero_and_a_table_of_78_columns(command, pricers):
    outcome = command("check", f"{pricers}:right", "--problem", "european", "--points", "40")
    assert (outcome.status, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[0].rstrip() == "right on european: every check passed"
    assert max(map(len, lines)) <= 78
    assert "the same to the" in outcome.out


@pytest.mark.parametrize("name", ["by_place", "fails"])
def test_a_check_that_fails_ends_with_one(command, pricers, name):
    outcome = command("check", f"{pricers}:{name}", "--problem", "european", "--points", "40", "--json")
    assert (outcome.status, outcome.err) == (1, "")
    said = json.loads(outcome.out)
    assert (said["method"], said["problem"], said["passed"]) == (name, "european", False)
    failed = {row["check"]: row["found"] for row in said["findings"] if row["outcome"] == "fail"}
    if name == "fails":
        assert failed == {"answers": "method fails: evaluate fails: OSError: no model; mend it there"}
    else:
        assert {"any order", "neighbours", "bounds"} <= set(failed)
        table = command("check", f"{pricers}:{name}", "--problem", "european", "--points", "40")
        assert table.status == 1
        assert f"{len(failed)} of {len(said['findings'])} checks failed" in table.out


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (("gird",), "there is no such method; did you mean grid?"),
        (("no_pricers.py:right",), "there is no such Python file"),
        (("analytic", "--problem", "magic"), "problem 'magic': there is no such problem"),
        (("curve", "--problem", "basket-2"), "cannot price problem 'basket-2'"),
        (("analytic", "--points", "1"), "points 1"),
        ((), "METHOD"),
    ],
)
def test_bad_input_is_refused_in_one_line(refused, tokens, message):
    assert message in refused("check", *tokens)
