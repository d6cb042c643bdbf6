"""Latencies stated on the command line: files, recordings, one an action, and what the manifest keeps of them."""

import json

import polars as pl
import pytest

MODELS = ("--feed", "gamma:2:5us:10us", "--response", "file:delays.csv", "--rejections", "0.01")


@pytest.fixture
def files(tmp_path, command, tape_path):
    """Measurements and a recording in the current folder."""
    here = tmp_path / "here"
    (here / "delays.csv").write_text("tag,ns\na,30000\nb,10000\nc,20000\n")
    start = pl.scan_parquet(tape_path).select("ts").first().collect().item()
    stamps = [(start + t, start + t + 9_000, start + t + 30_000) for t in (0, 10**9, 2 * 10**9)]
    pl.DataFrame(stamps, schema=["req_ts", "exch_ts", "resp_ts"], orient="row").write_parquet(here / "orders.parquet")
    return here


def replayed(command, *arguments):
    outcome = command(*arguments, "--json")
    assert (outcome.status, outcome.err) == (0, "")
    return json.loads(outcome.out)


@pytest.mark.slow
def test_a_comparison_under_stated_models_is_told_whole_and_made_again(command, files, tape_path):
    question = ("compare", "--tape", tape_path, "--methods", "nothing,proxy", "--seeds", "1-2", *MODELS)
    stated = ("--latency", "file:delays.csv", "--entry", "place=40us,cancel=file:delays.csv#ns")
    first, again = (replayed(command, *question, *stated) for _ in range(2))
    assert first["methods"][1]["fills"] > 0
    for told in ("pnl_mean", "fills", "compute_p50", "compute_p99"):
        assert [row[told] for row in first["methods"]] == [row[told] for row in again["methods"]]
    assert {first["methods"][1]["compute_p50"], first["methods"][1]["compute_p99"]} <= {10_000, 20_000, 30_000}
    configuration = first["manifest"]["configuration"]
    assert configuration["latency"]["price_by_tag"]["any"]["source"] == "delays.csv"
    wires = configuration["setting"]["wires"]
    assert wires["feed"] == {"kind": "Gamma", "shape": 2.0, "scale": 5000, "floor": 10_000}
    assert wires["entry"]["place"] == {"kind": "Fixed", "ns": 40_000}
    assert wires["entry"]["cancel"]["source"] == "delays.csv"
    assert wires["rejections"] == 0.01
    assert first["manifest"]["configuration_hash"] == again["manifest"]["configuration_hash"]


def test_one_strategy_runs_on_recorded_requests(command, files, tape_path):
    (files / "own.py").write_text('import tradesim\nSTRATEGY = tradesim.Strategy(method="proxy")\n')
    question = ("run", "own.py", "--tape", tape_path, "--latency", "40us")
    said = replayed(command, *question, "--entry", "recorded:orders.parquet", "--hedge-entry", "1us")
    wires = said["manifest"]["configuration"]["setting"]["wires"]
    assert wires["entry"]["source"] == wires["response"]["source"] == "orders.parquet"
    assert wires["hedge"]["entry"] == {"kind": "Fixed", "ns": 1000}
    database = ("sql", f"SELECT DISTINCT venue - decided AS entry FROM orders WHERE run LIKE '{said['comparison']}%'")
    assert {row["entry"] for row in replayed(command, *database)} >= {9_000}


def test_a_recording_of_another_day_is_refused_before_anything_is_stored(refused, files, tape_path):
    (files / "old.csv").write_text("req_ts,exch_ts,resp_ts\n1000,2000,3000\n")
    question = (
        "compare",
        "--tape",
        tape_path,
        "--methods",
        "proxy",
        "--latency",
        "40us",
        "--entry",
        "recorded:old.csv",
    )
    assert "old.csv: it is of 1970-01-01T00:00:00Z" in refused(*question)


def test_what_the_gateway_refuses_is_never_filled(command, files, tape_path):
    question = ("compare", "--tape", tape_path, "--methods", "proxy", "--latency", "40us")
    filled, half, none = (
        replayed(command, *question, "--rejections", share)["methods"][0]["fills"] for share in (0, 0.5, 1)
    )
    assert filled > half > none == 0


def test_what_the_venue_refused_in_the_recording_is_never_filled(command, files, tape_path):
    rows = pl.read_parquet(files / "orders.parquet")
    refused = rows.with_columns(exch_ts=pl.Series([0, 0, rows["exch_ts"][2]]))
    refused.write_csv(files / "refused.csv")
    question = ("compare", "--tape", tape_path, "--methods", "proxy", "--latency", "40us", "--entry")
    said = replayed(command, *question, "recorded:refused.csv")
    assert said["methods"][0]["fills"] > 0
    until = rows["req_ts"][2]
    database = (
        "sql",
        f"SELECT decided < {until} AS early, sum(filled) AS filled, count(*) AS orders FROM orders "
        f"WHERE run LIKE '{said['comparison']}%' GROUP BY ALL ORDER BY ALL",
    )
    late, early = replayed(command, *database)
    assert (early["filled"], early["orders"] > 0) == (0, True)
    assert late["filled"] > 0
