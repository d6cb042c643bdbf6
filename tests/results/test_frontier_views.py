"""When building has paid: beside the best of the methods that need none."""

from datetime import datetime

import polars as pl
import pytest

from tradesim.results.store import Store, write_facts

METHODS = {
    # name: (build seconds, ns of a price, ns of an update, rmse)
    "proxy": (0.0, 100, 1_000, 1.0),
    "analytic": (0.0, 400_000, 1_000, 1e-5),
    "taylor": (0.0, 1_000, 400_000, 1e-4),
    "curve": (0.0, 2_000, 500_000, 2e-5),
    "grid": (2.0, 3_000, 2_000, 4e-4),
    "grid-large": (8.0, 4_000, 2_000, 1e-5),
    "grid-finest": (20.0, 5_000, 2_000, 1e-6),
    "series": (1.0, 6_000, 2_000, 3e-5),
    "forest": (3.0, 50_000, 2_000, 2e-3),
    "rough": (3.0, 50, 1_000, 2.0),
}
CONTRACTS = 40


@pytest.fixture(scope="module")
def break_even(tmp_path_factory) -> dict[str, float | None]:
    folder = tmp_path_factory.mktemp("frontier")
    contenders, stages, errors = [], [], []
    for position, (method, (seconds, price, update, rmse)) in enumerate(METHODS.items()):
        head = {"frontier": "f", "method": method}
        contenders.append(
            {**head, "family": method, "budget": None, "position": position, "says": "a way", "refused": None}
            | {"footprint": 1, "build_seconds": seconds, "build_evaluations": 0, "fallbacks": 0}
            | {"hedge_rmse": 0.0, "hedge_largest": 0.0}
        )
        stages += [
            {**head, "stage": stage, "contracts": CONTRACTS, "cache": cache, "measurements": [ns]}
            for stage, ns in {"price": price, "update": update}.items()
            for cache in ("hot", "cold")
        ]
        errors.append(
            {**head, "place": "inside", "quantity": "price", "points": 1, "rmse": rmse, "p99": rmse, "largest": rmse}
        )
    frontier = {"frontier": "f", "created": datetime(2024, 1, 1), "problem": "american", "cache": "hot"}
    frontier |= {"contracts": CONTRACTS, "many": 10 * CONTRACTS, "manifest": "{}"}
    facts = {"frontiers": [frontier], "contenders": contenders, "stages": stages, "errors": errors}
    write_facts({table: pl.DataFrame(rows) for table, rows in facts.items()}, folder / "staging", part="f")
    store = Store(folder / "results.duckdb")
    store.ingest(folder / "staging")
    return dict(store.query("SELECT method, break_even FROM frontier_table").iter_rows())


@pytest.mark.parametrize(
    ("built", "unbuilt"), [("grid", "taylor"), ("grid-large", "analytic"), ("series", "curve"), ("rough", "proxy")]
)
def test_it_has_when_the_prices_have_saved_its_seconds_beside_the_fastest_unbuilt_as_accurate(
    break_even, built, unbuilt
):
    seconds = METHODS[built][0]
    (ours, theirs) = (price + update / 100 for _, price, update, _ in (METHODS[built], METHODS[unbuilt]))
    assert break_even[built] == pytest.approx(seconds * 1e9 * CONTRACTS / (theirs - ours))


def test_one_more_accurate_than_all_unbuilt_is_held_against_the_most_accurate_of_them(break_even):
    saved = METHODS["analytic"][1] + 10 - (METHODS["grid-finest"][1] + 20)
    assert break_even["grid-finest"] == pytest.approx(20e9 * CONTRACTS / saved)


def test_it_never_has_where_an_unbuilt_one_is_as_fast_and_as_accurate(break_even):
    assert break_even["forest"] is None


def test_what_needs_no_building_has_nothing_to_pay(break_even):
    assert all(break_even[name] is None for name in ("proxy", "analytic", "taylor", "curve"))
