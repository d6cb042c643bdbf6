"""The results database: all or nothing in, read-only out."""

import re
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tradesim.errors import StoreError
from tradesim.results.store import TABLES, Store, write_facts

Facts = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def facts(small_comparison) -> Facts:
    """Every fact of a small comparison, by table."""
    return {table: small_comparison.store.query(f"SELECT * FROM {table} ORDER BY ALL") for table in TABLES}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results.duckdb")


@pytest.mark.parametrize("name", ["p", "e", "m", "key", "runs", "main"])
def test_a_database_may_have_the_name_of_anything_in_it(name, facts, tmp_path):
    """DuckDB calls a database as its file is called: the views must mean their own tables and aliases."""
    store = Store(tmp_path / f"{name}.duckdb")
    store.ingest(staged(facts, tmp_path / "staging"))
    assert len(store.query("FROM latency_curve")) > 0


def staged(facts: Facts, folder: Path) -> Path:
    """``facts`` as simulations leave them."""
    write_facts(facts, folder, part="all")
    return folder


def another(facts: Facts) -> Facts:
    """The facts of a second comparison on the same tapes."""
    return {
        table: frame.with_columns(
            pl.concat_str(pl.lit("again-"), pl.col(column)).alias(column)
            for column in ("comparison", "run")
            if column in frame.columns
        )
        for table, frame in facts.items()
    }


def counts(store: Store) -> dict[str, int]:
    return {table: store.query(f"SELECT count(*) AS n FROM {table}")["n"][0] for table in TABLES}


def views(store: Store) -> list[str]:
    found = store.query("SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY view_name")
    return found["view_name"].to_list()


def test_what_goes_in_comes_out(facts, store, tmp_path):
    store.ingest(staged(facts, tmp_path / "staging"))
    for table, frame in facts.items():
        assert store.query(f"SELECT * FROM {table} ORDER BY ALL").equals(frame), table


def test_a_second_comparison_is_added_and_contracts_of_one_tape_are_kept_once(facts, store, tmp_path):
    store.ingest(staged(facts, tmp_path / "first"))
    once = counts(store)
    store.ingest(staged(another(facts), tmp_path / "second"))
    assert counts(store) == {table: n * (1 if table == "contracts" else 2) for table, n in once.items()}
    table = store.query("SELECT * EXCLUDE (comparison) FROM comparison_table ORDER BY comparison, position")
    assert table[: len(table) // 2].equals(table[len(table) // 2 :], null_equal=True)


BAD = {
    "of another shape": pl.DataFrame({"run": ["x"], "nonsense": [1]}),
    "without a value that must be there": pl.DataFrame({"run": pl.Series([None], dtype=pl.String)}),
    "that is there already": None,
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_one_bad_file_leaves_the_database_as_it_was(facts, store, tmp_path, bad):
    """The last table is bad: what was written before it is undone."""
    store.ingest(staged(facts, tmp_path / "first"))
    before = counts(store)
    second = another(facts) | ({"runs": facts["runs"]} if bad is None else {"positions": bad})
    with pytest.raises(StoreError) as told:
        store.ingest(staged(second, tmp_path / "second"))
    assert "\n" not in str(told.value)
    assert counts(store) == before


def test_a_damaged_file_leaves_the_database_as_it_was(facts, store, tmp_path):
    store.ingest(staged(facts, tmp_path / "first"))
    before = counts(store)
    folder = staged(another(facts), tmp_path / "second")
    (folder / "positions-torn.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(StoreError):
        store.ingest(folder)
    assert counts(store) == before


def test_a_failed_first_ingest_leaves_no_table_behind(facts, store, tmp_path):
    folder = staged(facts, tmp_path / "staging")
    (folder / "fills-torn.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(StoreError):
        store.ingest(folder)
    assert store.query("SELECT * FROM duckdb_tables()").is_empty()


def test_every_view_answers(small_comparison):
    found = views(small_comparison.store)
    assert {"run_pnl", "effects", "effects_money", "method_latency", "comparison_table", "latency_curve"} <= set(found)
    of_frontiers = {view for view in found if view.startswith(("frontier", "contender", "stage"))}
    assert len(of_frontiers) == 4
    of_fixed_latencies = {"fixed_differences_long", "fixed_difference"}
    of_races = {view for view in found if view.startswith("race_")}
    of_doubt = {"timing_disagreements", "market_reaction"}
    for view in set(found) - of_frontiers - of_fixed_latencies - of_races - of_doubt:
        assert small_comparison.store.query(f"SELECT count(*) AS n FROM {view}")["n"][0] > 0, view


def test_every_view_answers_where_nothing_is_stored(store, tmp_path):
    (tmp_path / "empty").mkdir()
    store.ingest(tmp_path / "empty")
    for view in views(store):
        assert store.query(f"SELECT * FROM {view}").is_empty()


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM fills",
        "CREATE TABLE mine (x INTEGER)",
        "COPY fills TO 'stolen.csv'",
        "ATTACH 'other.duckdb'",
        "SELECT 1; DROP TABLE fills",
        "INSERT INTO fills SELECT * FROM fills",
        "",
    ],
)
def test_a_query_that_is_not_one_select_is_refused(small_comparison, sql, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = counts(small_comparison.store)
    with pytest.raises(StoreError) as told:
        small_comparison.store.query(sql)
    assert "\n" not in str(told.value)
    assert counts(small_comparison.store) == before
    assert list(tmp_path.iterdir()) == []


def test_the_database_is_open_to_readers_beside_one_another(small_comparison):
    with duckdb.connect(str(small_comparison.store.path), read_only=True) as other:
        assert other.execute("SELECT count(*) FROM runs").fetchone() == (counts(small_comparison.store)["runs"],)


def test_a_missing_database_says_what_to_do(store):
    with pytest.raises(StoreError, match="run `tradesim compare` first"):
        store.query("SELECT 1")
    assert not store.path.exists()


def test_a_file_that_is_no_database_is_refused(store):
    store.path.write_text("not a database")
    with pytest.raises(StoreError):
        store.query("SELECT 1")
    with pytest.raises(StoreError):
        store.check()


def test_a_database_of_something_else_is_refused_before_work_begins(store):
    with duckdb.connect(str(store.path)) as other:
        other.execute("CREATE TABLE recipes (name VARCHAR)")
    with pytest.raises(StoreError, match="recipes"):
        store.check()


def test_a_wrong_query_is_told_in_one_line(small_comparison):
    with pytest.raises(StoreError, match="no_such_view") as told:
        small_comparison.store.query("SELECT * FROM no_such_view")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT [INTERVAL 1 DAY] AS wait", r"column wait is INTERVAL\[\], .*; cast it, as wait::VARCHAR"),
        ("SELECT 1 AS a, 2 AS a", "two columns are named a; name each column once"),
        ("SELECT error('too late') FROM range(3)", "too late"),
    ],
)
def test_an_answer_that_no_frame_can_hold_is_told_in_one_line(small_comparison, capfd, sql, says):
    with pytest.raises(StoreError, match=says) as told:
        small_comparison.store.query(sql)
    assert "\n" not in str(told.value)
    assert capfd.readouterr().err == ""


def test_a_database_of_another_version_is_refused_before_the_work(tmp_path):
    path = tmp_path / "old.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE comparisons (comparison VARCHAR)")
    with pytest.raises(StoreError, match="another version"):
        Store(path).check()


def test_the_readme_of_data_names_every_table():
    """And no other."""
    text = (Path(__file__).parents[2] / "data" / "README.md").read_text(encoding="utf-8")
    section = text.partition("## Results")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert [name for row in rows for name in re.findall(r"`(\w+)`", row)] == list(TABLES)
