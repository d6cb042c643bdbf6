"""Laws of the books, asserted on the stored rows of makers and takers that hedge: nothing is lost, nothing made up."""

import pytest
from laws_of_rows import none

import tradesim
from tradesim.experiments.compare import Comparison, compare
from tradesim.units import SECOND

STRATEGIES = {
    "maker": tradesim.Strategy(
        rule=tradesim.MakeRule(lots=3, cap=6, skew=0.002),
        trigger=tradesim.AnyOf((tradesim.SpotMoved(), tradesim.OwnTraded())),
        hedge=tradesim.DeltaHedge(band=100.0),
    ),
    "taker": tradesim.Strategy(rule=tradesim.TakeRule(cap=6), hedge=tradesim.DeltaHedge(band=20.0)),
}
LIMIT = {"maker": 6, "taker": 6}


@pytest.fixture(scope="module", params=list(STRATEGIES))
def comparison(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRADESIM_HOME", str(tmp_path_factory.mktemp("accounting")))
        return compare(
            market=tradesim.SyntheticMarket(duration=15 * SECOND, noise_rate=8.0),
            methods=("proxy", "analytic-slice"),
            strategy=STRATEGIES[request.param],
            setting=tradesim.Setting(
                fees=tradesim.Fees(taker=0.0025, maker=-0.001, underlying=0.0005),
                venue=tradesim.VenueRules(position_limit=LIMIT[request.param]),
            ),
            latency="lognormal:200us:1",
            seeds=(1, 2),
            curve=(0, 3_000_000),
            jobs=1,
        )


def test_cash_is_what_sales_brought_less_what_purchases_and_fees_cost(comparison: Comparison) -> None:
    books = """(
        SELECT r.run, any_value(r.cash) AS cash, coalesce(sum(f.quantity * f.multiplier * f.price + f.fee), 0) AS spent
        FROM runs r LEFT JOIN fills f USING (run) GROUP BY r.run
    )"""
    assert none(comparison, books, "cash <> -spent")


def test_positions_are_the_sums_of_fills_those_of_the_underlying_too(comparison: Comparison) -> None:
    books = """(
        SELECT run, contract, coalesce(p.position, 0) AS held, coalesce(f.lots, 0) AS lots
        FROM positions p FULL JOIN (SELECT run, contract, sum(quantity) AS lots FROM fills GROUP BY ALL) f
        USING (run, contract)
    )"""
    assert none(comparison, books, "held <> lots")
    assert none(comparison, "positions", "position = 0")
    assert not comparison.store.query("SELECT 1 FROM positions WHERE contract = -1").is_empty()


def test_the_end_marked_pnl_is_cash_and_what_is_held(comparison: Comparison) -> None:
    books = """(
        SELECT r.run, r.end_marked, any_value(c.cash) + coalesce(sum(p.position * p.multiplier * p.mark), 0) AS worth
        FROM run_pnl r JOIN runs c USING (run) LEFT JOIN positions p USING (run) GROUP BY r.run, r.end_marked
    )"""
    assert none(comparison, books, "end_marked <> worth")


def test_no_order_trades_more_than_it_asked_for(comparison: Comparison) -> None:
    """Lots on arrival are the fills as a taker; with those as a maker they are at most the order's."""
    books = """(
        SELECT o.run, o.order_id, o.lots, o.filled,
               coalesce(sum(abs(f.quantity)) FILTER (f.liquidity = 'taker'), 0) AS taken,
               coalesce(sum(abs(f.quantity)) FILTER (f.liquidity = 'maker'), 0) AS made,
               bool_and(f.contract IS NULL OR (f.contract = o.contract AND sign(f.quantity) = o.direction)) AS matches
        FROM orders o LEFT JOIN fills f USING (run, desk, order_id) WHERE o.kind <> 'cancel'
        GROUP BY o.run, o.order_id, o.lots, o.filled
    )"""
    assert none(comparison, books, "filled <> taken OR taken + made > lots OR NOT matches")


def test_no_fill_is_worse_than_its_limit(comparison: Comparison) -> None:
    fills = "fills f JOIN orders o USING (run, desk, order_id)"
    assert none(comparison, fills, "o.limit_price IS NOT NULL AND o.direction * (f.price - o.limit_price) > 0")
    assert none(comparison, fills, "f.liquidity = 'maker' AND f.price <> o.limit_price")
    assert none(comparison, fills, "o.kind = 'cancel' OR (o.kind = 'ioc' AND f.liquidity = 'maker')")


def test_fees_are_those_of_who_takes_who_makes_and_who_hedges(comparison: Comparison) -> None:
    fee = "CASE WHEN contract < 0 THEN 500 WHEN liquidity = 'maker' THEN -1000 ELSE 2500 END"
    assert none(comparison, "fills", f"fee <> {fee} * abs(quantity) * multiplier")


def test_instants_are_in_order(comparison: Comparison) -> None:
    decided = "decisions d LEFT JOIN orders o USING (run, desk, decision)"
    assert none(comparison, "decisions", "NOT (event <= arrival AND arrival <= start AND start <= decided)")
    assert none(comparison, "decisions", "newest > start")
    assert none(comparison, decided, "NOT coalesce(d.decided = o.decided, true)")
    assert none(comparison, "orders", "NOT (decided <= venue AND venue <= ack)")
    assert none(
        comparison, "fills f JOIN orders o USING (run, desk, order_id)", "f.venue < o.venue OR f.known < f.venue"
    )


def test_no_position_passes_the_limit_of_rule_and_venue(comparison: Comparison) -> None:
    assert none(comparison, "position_path", "contract >= 0 AND abs(position) > 6")
