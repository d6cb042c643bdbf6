"""What commands print, where, and what they keep."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import tradesim
from tradesim.experiments.plan import DEFAULT_METHODS
from tradesim.methods.registry import METHODS

QUICK = ("--methods", "nothing,proxy", "--latency", "fixed:40us")
COMMANDS = (
    "compare",
    "run",
    "race",
    "breakeven",
    "iso",
    "rivals",
    "frontier",
    "advise",
    "build",
    "ingest",
    "generate",
    "hybrid",
    "balance",
    "facts",
    "sql",
)


def strict(text: str) -> Any:
    """``text`` as JSON, refusing the NaN and Infinity that JSON does not have."""

    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_compare_prints_a_table_and_nothing_else(command, tape_path):
    outcome = command("compare", "--tape", tape_path, *QUICK)
    assert (outcome.status, outcome.err) == (0, "")
    assert "proxy" in outcome.out
    assert outcome.out.splitlines()[-1].startswith("comparison ")


@pytest.mark.parametrize("seeds", ["1", "1-3"])
def test_json_is_one_object_of_finite_numbers(command, tape_path, seeds):
    outcome = command("compare", "--tape", tape_path, *QUICK, "--seeds", seeds, "--json")
    assert (outcome.status, outcome.err) == (0, "")
    said = strict(outcome.out)
    assert [row["method"] for row in said["methods"]] == ["nothing", "proxy"]
    assert {"comparison", "problem", "manifest", "curve"} <= said.keys()


def test_a_second_identical_comparison_is_added_and_both_are_there(command, tape_path, tmp_path):
    database = tmp_path / "results.duckdb"
    made = [
        strict(command("compare", "--tape", tape_path, *QUICK, "--json", "--db", database).out)["comparison"]
        for _ in range(2)
    ]
    assert made[0] != made[1]
    outcome = command("sql", "SELECT comparison, pnl_mean FROM comparison_table", "--db", database, "--json")
    rows = strict(outcome.out)
    assert sorted({row["comparison"] for row in rows}) == sorted(made)
    assert len({row["pnl_mean"] for row in rows if row["pnl_mean"]}) == 1


def test_sql_prints_a_table_or_json(command):
    query = "SELECT 1 AS a, 'nan'::DOUBLE AS b, sum(cash) AS c, DATE '2026-01-05' AS d, MAP {1: 2} AS e FROM runs"
    assert "│" in command("sql", query).out
    (row,) = strict(command("sql", query, "--json").out)
    assert (row["a"], row["b"], row["d"], row["e"]) == (1, None, "2026-01-05", {"1": 2})
    assert isinstance(row["c"], int)
    assert command("sql", "SELECT 1 WHERE false", "--json").out == "[]\n"


def test_american_contracts_can_be_priced_as_european(command, tape_path):
    said = strict(command("compare", "--tape", tape_path, *QUICK, "--problem", "european", "--json").out)
    assert said["problem"] == "european"


@pytest.mark.parametrize("suffix", [".png", ".html"])
def test_a_chart_is_written_beside_the_table(command, tape_path, suffix):
    outcome = command("compare", "--tape", tape_path, *QUICK, "--chart", f"chart{suffix}")
    assert (outcome.status, outcome.err) == (0, "")
    assert Path(f"chart{suffix}").stat().st_size > 1000


def test_a_tape_is_generated_ingested_and_told_of(command, stock_archive):
    outcome = command("generate", "tape.parquet", "--length", "2s", "--seed", "7")
    assert (outcome.status, outcome.err) == (0, "")
    assert "42 contracts" in outcome.out
    assert tradesim.read_tape("tape.parquet").source == "synthetic, seed 7"
    outcome = command(
        "ingest", "lean", stock_archive, "-o", "stock.parquet", "--rate", "0.05", "--correct-clock", "1ms"
    )
    assert (outcome.status, outcome.err) == (0, "")
    stock = tradesim.read_tape("stock.parquet")
    assert (stock.rate, stock.received[0] - stock.ts[0]) == (0.05, 1_000_000)


def test_what_computes_needs_no_building(command):
    assert command("build", "nothing,analytic").out.splitlines() == [
        "nothing: 0 reference evaluations, 0.0 s",
        "analytic: 0 reference evaluations, 0.0 s",
    ]


def test_help_names_every_command_and_version_the_version(command):
    assert all(name in command("--help").out for name in COMMANDS)
    assert command("--version").out.strip() == version("tradesim")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command(command, name):
    outcome = command(name, "--help")
    assert (outcome.status, outcome.err) == (0, "")
    assert f"Usage: tradesim {name}" in outcome.out


def test_help_names_methods_defaults_and_units(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")
    words = " ".join(command("compare", "--help").out.replace("│", " ").split())
    assert ",".join(DEFAULT_METHODS) in words
    assert all(name in words for name in METHODS)
    for said in (
        "currency a unit",
        "lots",
        "By default the market's, and on a tape 0.0075",
        "By default the market's, and on a tape 0.0025",
        "us-equity-options (the default)",
        "TRADESIM_HOME",
        "1-8 for",
        "ms, s",
    ):
        assert said in words


def test_the_installed_command_runs_from_any_folder(tape_path, tmp_path):
    program = Path(sys.executable).with_name("tradesim")
    if not program.exists():
        pytest.skip("the package's own command is not installed beside this Python")
    environment = os.environ | {"TRADESIM_HOME": str(tmp_path / "home")}

    def call(*tokens: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *tokens], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    done = call("compare", "--tape", str(tape_path), *QUICK, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert strict(done.stdout)["methods"]
    assert (tmp_path / "home" / "results.duckdb").is_file()
    refused = call("compare", "--tape", "missing.parquet")
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
    assert refused.stderr.startswith("tradesim: ")


def test_a_reader_that_closes_the_pipe_early_is_no_error(tmp_path, used_home):
    environment = os.environ | {"TRADESIM_HOME": str(used_home)}
    query = "from tradesim.cli import main; import sys; sys.argv = ['tradesim', 'sql', 'FROM range(50000)']; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", query], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 0


@pytest.mark.slow
def test_compare_until_says_how_many_seeds_it_took_and_what_is_undecided(command):
    methods = ("--methods", "analytic,analytic-slice,nothing", "--latency", "fixed:40us")
    outcome = command("compare", *methods, "--seeds", "1-2", "--until", "0.9", "--most-seeds", "3", "--jobs", "1")
    assert (outcome.status, outcome.err) == (0, "")
    assert "3 seeds, 3 methods" in outcome.out
    assert "Fewer than 5 seeds: no p-values" in outcome.out
    assert outcome.out.splitlines()[-2].startswith("After 3 seeds undecided, at a confidence of 0.9: ")
