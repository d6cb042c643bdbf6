"""Methods that remember or expand, in a replay: each of a method's runs begins with nothing remembered."""

import pytest

from tradesim.errors import ArgumentError
from tradesim.experiments.compare import compare
from tradesim.market.synthetic import SyntheticMarket
from tradesim.units import SECOND


@pytest.fixture(scope="module")
def comparison(home):
    return compare(
        market=SyntheticMarket(duration=10 * SECOND),
        methods=("memo", "taylor", "curve"),
        latency="fixed:1us",
        seeds=(1,),
        curve=(),
        db=home / "between.duckdb",
        jobs=1,
    )


def tags(comparison, method, role):
    rows = comparison.store.query(
        "SELECT tag FROM decisions JOIN runs USING (run) WHERE method = ? AND role = ? ORDER BY decision",
        [method, role],
    )
    return rows["tag"].to_list()


def test_no_run_is_warmed_by_the_one_before(comparison):
    instant, exact, own = (tags(comparison, "memo", role) for role in ("instant", "exact", "own"))
    assert instant[0] == exact[0] == own[0] == "miss"
    assert exact == own


def test_what_is_exact_at_one_microsecond_earns_what_reference_prices_do(comparison):
    rows = {row["method"]: row for row in comparison.table.iter_rows(named=True)}
    for name in ("taylor", "curve"):
        assert set(tags(comparison, name, "own")) == {"hit"}
        assert rows[name]["pricing_effect_mean"] == 0.0


def test_the_choice_outside_the_domain_is_one_of_two():
    with pytest.raises(ArgumentError, match="outside 'ignore': it is one of fallback, raise"):
        compare(methods=("nothing",), outside="ignore")
