"""Laws of the money, asserted on the stored rows, to the last unit of integer money."""

import pytest

EXACT = "SELECT run, edge, fees, drift, end_marked FROM run_pnl"


def test_the_effects_sum_to_the_pnl_error(small_comparison):
    rows = small_comparison.store.query("SELECT * FROM effects")
    assert len(rows) == 2 * len(small_comparison.table)
    for row in rows.iter_rows(named=True):
        known = row["pnl_error"] - row["slow_inputs"]
        assert row["pricing_effect"] + row["latency_effect"] + row["interaction"] == known
        assert row["pnl"] - row["best"] == row["pnl_error"]
        assert row["pnl"] - row["oracle"] == known
        assert known + row["make_exact"] == row["latency_effect"]
        assert known + row["make_instant"] == row["pricing_effect"]


def test_the_end_marked_pnl_is_the_sum_over_fills_of_edge_drift_and_fees(small_comparison):
    rows = small_comparison.store.query(EXACT)
    assert rows["edge"].abs().sum() > 0
    for row in rows.iter_rows(named=True):
        assert row["end_marked"] == row["edge"] + row["drift"] - row["fees"]


def test_the_positions_are_the_sums_of_the_fills(small_comparison):
    rows = small_comparison.store.query(
        "SELECT run, contract, any_value(p.position) AS position, CAST(sum(f.quantity) AS BIGINT) AS filled "
        "FROM positions p JOIN fills f USING (run, contract) GROUP BY run, contract"
    )
    by_fills = small_comparison.store.query("SELECT count(DISTINCT (run, contract)) AS n FROM fills")
    assert len(rows) > 0
    assert by_fills["n"][0] >= len(rows)
    assert (rows["position"] == rows["filled"]).all()


def test_no_position_ever_exceeds_the_cap(small_comparison):
    assert small_comparison.store.query("SELECT max(abs(position)) AS most FROM position_path")["most"][0] <= 50


def test_the_instants_of_every_decision_and_order_are_in_order(small_comparison):
    wrong = small_comparison.store.query("""
        SELECT count(*) AS n FROM decisions d LEFT JOIN orders o USING (run, decision)
        WHERE NOT (d.event <= d.arrival AND d.arrival <= d.start AND d.start <= d.fed AND d.fed <= d.priced
                  AND d.priced <= d.decided)
           OR NOT (o.decided IS NULL OR (d.decided <= o.decided AND o.decided <= o.venue AND o.venue <= o.ack))
    """)
    assert wrong["n"][0] == 0


def test_reference_prices_have_no_error_and_the_oracle_no_latency(small_comparison):
    rows = small_comparison.store.query("""
        SELECT max(d.error_max) AS error, max(d.decided - d.arrival) AS latency
        FROM runs r JOIN decisions d USING (run) WHERE r.role = 'oracle'
    """)
    assert rows.row(0) == (0.0, 0)


def test_the_oracle_is_the_curve_at_zero(small_comparison):
    rows = small_comparison.store.query("""
        SELECT o.pnl AS oracle, c.pnl AS curve FROM run_pnl o JOIN run_pnl c USING (comparison, seed)
        WHERE o.role = 'oracle' AND c.role = 'curve' AND c.compute_ns = 0
    """)
    assert len(rows) == 2
    assert (rows["oracle"] == rows["curve"]).all()


def test_doing_nothing_earns_nothing(small_comparison):
    rows = small_comparison.store.query(
        "SELECT DISTINCT pnl, pnl_error + best AS zero FROM effects WHERE method = 'nothing'"
    )
    assert rows.rows() == [(0, 0)]


def test_every_decision_is_recorded_those_without_orders_too(small_comparison):
    rows = small_comparison.store.query("""
        SELECT d.orders, count(o.order_id) AS sent
        FROM decisions d LEFT JOIN orders o USING (run, decision) GROUP BY d.run, d.decision, d.orders
    """)
    assert (rows["orders"] == rows["sent"]).all()
    assert (rows["orders"] == 0).any()


@pytest.mark.parametrize("role", ["instant", "exact", "own"])
def test_each_method_has_each_of_its_runs_for_each_seed(small_comparison, role):
    rows = small_comparison.store.query("SELECT method, count(*) AS n FROM runs WHERE role = ? GROUP BY method", [role])
    assert set(rows["method"]) == set(small_comparison.table["method"])
    assert (rows["n"] == 2).all()
