"""Files and places that cannot be used: refused in one line before the work, nothing written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from tradesim.market.ingest import READERS
from tradesim.market.tape_file import METADATA_KEY

QUICK = ("--methods", "nothing,proxy", "--latency", "fixed:40us")
Said = dict[str, Any]

NO_CONTRACTS: dict[str, list[float]] = {
    name: [] for name in ("name", "strike", "expiry", "right", "style", "multiplier", "morning")
}


def crossed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(ask=pl.when(pl.col("ask_size") > 0).then(pl.col("bid") // 2).otherwise(pl.col("ask")))


def keep(rows: pl.DataFrame) -> pl.DataFrame:
    return rows


def same(said: Said) -> Said:
    return said


BAD_TAPES: list[tuple[str, Callable[[pl.DataFrame], pl.DataFrame], Callable[[Said], Said], str]] = [
    ("out of order", lambda rows: rows.reverse(), same, "breaks rule 'order'"),
    ("crossed", crossed, same, "breaks rule 'crossed'"),
    ("duplicated", lambda rows: pl.concat([rows.head(3), rows.head(3).tail(1)]), same, "breaks rule 'duplicate'"),
    ("unknown instrument", lambda rows: rows.with_columns(instrument=pl.lit(99, pl.Int32)), same, "breaks rule"),
    ("empty", lambda rows: rows.head(0), same, "the tape is empty"),
    ("no column bid", lambda rows: rows.drop("bid"), same, "column bid is missing"),
    ("text for a price", lambda rows: rows.with_columns(bid=pl.lit("x")), same, "bid"),
    ("underlying never quoted", lambda rows: rows.filter(pl.col("instrument") > 0), same, "never quoted"),
    (
        "no options",
        lambda rows: rows.filter(pl.col("instrument") == 0),
        lambda said: said | {"chain": said["chain"] | NO_CONTRACTS, "smile": []},
        "no option contract",
    ),
    (
        "a strike below zero",
        keep,
        lambda said: said | {"chain": said["chain"] | {"strike": [-1.0] * len(said["chain"]["strike"])}},
        "a strike must be finite and positive",
    ),
    ("another version", keep, lambda said: said | {"version": 99}, "a tape of version 99"),
    ("no terms", keep, lambda said: {"version": 1}, "not a tape's"),
]


@pytest.mark.parametrize(
    ("rows_of", "said_of", "rule"), [case[1:] for case in BAD_TAPES], ids=[c[0] for c in BAD_TAPES]
)
def test_a_bad_tape_is_refused(refused, tape_path, tmp_path, rows_of, said_of, rule):
    path = tmp_path / "bad.parquet"
    said = said_of(json.loads(pl.read_parquet_metadata(tape_path)[METADATA_KEY]))
    rows_of(pl.read_parquet(tape_path)).write_parquet(path, metadata={METADATA_KEY: json.dumps(said)})
    assert rule in refused("compare", "--tape", path, *QUICK)


@pytest.mark.parametrize("name", ["compare", "run"])
def test_a_file_that_is_no_tape_is_refused(refused, tape_path, tmp_path, name):
    script = strategy(tmp_path, "STRATEGY = tradesim.Strategy(method='proxy')")
    command = ("compare",) if name == "compare" else ("run", script)
    whole = tape_path.read_bytes()
    for content, rule in (
        (whole[: len(whole) // 2], "not a whole Parquet file"),
        (whole[:-8], "not a whole Parquet file"),
        (b"", "not a whole Parquet file"),
        (b"hello", "not a whole Parquet file"),
    ):
        path = tmp_path / "bad.parquet"
        path.write_bytes(content)
        assert rule in refused(*command, "--tape", path)
    pl.DataFrame({"a": [1]}).write_parquet(path)
    assert "no metadata" in refused(*command, "--tape", path)
    assert "there is no such file" in refused(*command, "--tape", tmp_path)
    assert "there is no such file" in refused(*command, "--tape", tmp_path / "missing.parquet")


def test_results_go_to_a_results_database_only(refused, tape_path, tmp_path):
    other = tmp_path / "other.duckdb"
    with duckdb.connect(str(other)) as connection:
        connection.execute("CREATE TABLE mine (a INTEGER)")
    (tmp_path / "empty.duckdb").touch()
    (tmp_path / "text.duckdb").write_text("not a database, but long enough to have a header")
    compare = ("compare", "--tape", tape_path, *QUICK, "--db")
    assert "it holds other tables (mine)" in refused(*compare, other)
    assert "not a DuckDB database" in refused(*compare, tmp_path / "empty.duckdb")
    assert "not a DuckDB database" in refused(*compare, tmp_path / "text.duckdb")
    assert "not a DuckDB database" in refused(*compare, tape_path)
    assert "it is a folder" in refused(*compare, tmp_path)
    assert "there is no folder" in refused(*compare, tmp_path / "none" / "results.duckdb")
    assert "there is no folder" in refused(*compare, tape_path / "results.duckdb")


def test_a_chart_that_cannot_be_written_is_refused_before_the_work(refused, tape_path, tmp_path):
    (tmp_path / "folder.png").mkdir()
    compare = ("compare", "--tape", tape_path, *QUICK, "--chart")
    for chart, rule in (
        ("chart.pdf", "its suffix must be one of .html, .png, .svg"),
        ("chart", "its suffix must be one of"),
        ("", "its suffix must be one of"),
        (tmp_path / "none" / "chart.png", "there is no folder"),
        (tmp_path / "folder.png", "it is a folder"),
    ):
        assert rule in refused(*compare, chart)


def test_queries_are_put_to_a_results_database_only(refused, tape_path, tmp_path):
    query = ("sql", "SELECT 1", "--db")
    assert "there is no results database yet" in refused(*query, tmp_path / "missing.duckdb")
    assert "it is a folder" in refused(*query, tmp_path)
    assert "not a DuckDB database" in refused(*query, tape_path)


def test_a_tape_is_written_to_a_file_in_a_folder(refused, stock_archive, tmp_path):
    for writer in (("generate",), ("ingest", "lean", stock_archive, "-o")):
        assert "it is a folder" in refused(*writer, tmp_path)
        assert "there is no folder" in refused(*writer, tmp_path / "none" / "tape.parquet")
        assert "there is no folder" in refused(*writer, stock_archive / "tape.parquet")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no folder here that nobody can write to")
def test_a_folder_that_cannot_be_written_to_is_refused_before_the_work(refused, tape_path, stock_archive):
    compare = ("compare", "--tape", tape_path, *QUICK)
    for tokens in (
        (*compare, "--db", "/proc/results.duckdb"),
        (*compare, "--chart", "/proc/chart.png"),
        ("generate", "/proc/tape.parquet"),
        ("ingest", "lean", stock_archive, "-o", "/proc/tape.parquet"),
    ):
        assert "cannot be written to" in refused(*tokens)


@pytest.mark.parametrize("reader", READERS)
def test_a_file_that_is_not_of_the_format_is_refused(refused, tape_path, tmp_path, reader):
    ingest = ("ingest", reader, "-o", "out.parquet")
    for content in (b"", b"hello\n", tape_path.read_bytes()[:5000]):
        path = tmp_path / "source"
        path.write_bytes(content)
        assert str(path.name) in refused(*ingest, path)
    assert "there is no such file" in refused(*ingest, tmp_path)
    assert "there is no such file" in refused(*ingest, tmp_path / "missing.zip")


def test_a_bad_row_of_a_vendor_is_refused_or_dropped(refused, command, crossed_archive):
    ingest = ("ingest", "lean", crossed_archive, "-o", "out.parquet")
    assert "breaks rule 'crossed'" in refused(*ingest)
    outcome = command(*ingest, "--on-bad-row", "drop")
    assert (outcome.status, outcome.err) == (0, "")
    assert "2 rows, 1 dropped (crossed 1)" in outcome.out


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("x = 1", "STRATEGY is missing"),
        ("STRATEGY = 5", "STRATEGY is int"),
        ("def (", "SyntaxError"),
        ("1 / 0", "line 2: the strategy fails: ZeroDivisionError"),
        ("import no_such_package", "ModuleNotFoundError"),
        ("raise SystemExit(0)", "it fails when loaded: SystemExit"),
        ("a\0b", "null bytes"),
        ("STRATEGY = tradesim.Strategy(nonsense=1)", "unexpected keyword argument"),
        ("STRATEGY = tradesim.Strategy(method='nope')", "choose from nothing, analytic"),
        ("STRATEGY = tradesim.Strategy(method=7)", "method 7"),
        ("STRATEGY = tradesim.Strategy(method='proxy', rule=7)", "it must have a method decide"),
        ("STRATEGY = tradesim.Strategy(method='proxy', trigger=7)", "it must be a trigger"),
        ("STRATEGY = tradesim.Strategy(method='proxy', policy='nope')", "it must be a Policy"),
        ("STRATEGY = tradesim.Strategy(rule=tradesim.TakeRule(cap=0))", "the cap must be at least 1 lot"),
        ("STRATEGY = tradesim.Strategy(rule=tradesim.TakeRule(cap=10**30))", "at most 1,000,000,000 lots"),
        ("STRATEGY = tradesim.Strategy(trigger=tradesim.EveryNth(n=0))", "n must be at least 1"),
    ],
)
def test_a_bad_strategy_file_is_refused(refused, tape_path, tmp_path, text, rule):
    assert rule in refused("run", strategy(tmp_path, text), "--tape", tape_path, "--latency", "fixed:1us")


def test_a_script_is_a_python_file(refused, tape_path, tmp_path):
    (tmp_path / "binary.py").write_bytes(bytes(range(256)) * 10)
    for script in (tmp_path, tmp_path / "missing.py", tape_path, ""):
        assert "there is no such Python file" in refused("run", script)
    assert "it fails when loaded" in refused("run", tmp_path / "binary.py")


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        ("raise ValueError('boom\\nand more')", "line 4: the strategy fails: ValueError: boom and more"),
        ("return None", "decide returned a NoneType"),
        ("return [[0, 1, 1, 5]]", "decide returned a list"),
        ("return numpy.array([1, 2, 3])", "decide returned int64[3]"),
        ("return numpy.array([[0, 1, 1.5, 5]])", "decide returned float64[1, 4]"),
        ("return numpy.array([[99, 1, 1, 5]])", "the request [99, 1, 1, 5]"),
        ("return numpy.array([[-2, 1, 1, 5]])", "the request [-2, 1, 1, 5]"),
        ("return numpy.array([[0, 2, 1, 5]])", "the request [0, 2, 1, 5]"),
        ("return numpy.array([[0, 1, 0, 5]])", "the request [0, 1, 0, 5]"),
    ],
)
def test_a_rule_that_fails_in_the_replay_is_told_of_and_nothing_is_stored(refused, tape_path, tmp_path, answer, rule):
    text = f"""\
class Mine:
    def decide(self, screen):
        {answer}
STRATEGY = tradesim.Strategy(method="proxy", rule=Mine())
"""
    assert rule in refused("run", strategy(tmp_path, text), "--tape", tape_path, "--latency", "fixed:1us")


@pytest.mark.parametrize("home", ["a file", "under a file"])
def test_a_data_home_that_cannot_be_is_refused(refused, tape_path, monkeypatch, home):
    place = tape_path if home == "a file" else tape_path / "home"
    monkeypatch.setenv("TRADESIM_HOME", str(place))
    for tokens in (("compare", "--tape", tape_path, *QUICK), ("sql", "SELECT 1"), ("build", "nothing")):
        assert str(place) in refused(*tokens)


def strategy(folder: Path, text: str) -> Path:
    path = folder / "mine.py"
    path.write_text(f"import numpy, tradesim\n{text}\n")
    return path
