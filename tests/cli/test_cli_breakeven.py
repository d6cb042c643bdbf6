"""``breakeven`` and ``iso`` on the command line."""

import json

import pytest

FAST = ("--latency", "fixed:40us", "--jobs", "1")


def test_breakeven_prints_how_long_each_method_may_take(command, tape_path, tmp_path):
    asked = ("--methods", "analytic-slice", "--against", "analytic-slice,nothing", "--tape", tape_path, *FAST)
    shown = command("breakeven", *asked, "--db", tmp_path / "shown.duckdb")
    assert (shown.status, shown.err) == (0, "")
    assert all(words in shown.out for words in ("it may take", "before this rival", "Below five seeds"))
    assert shown.out.splitlines()[-1].startswith("comparison ")
    said = json.loads(command("breakeven", *asked, "--db", tmp_path / "said.duckdb", "--json").out)
    assert [(pair["method"], pair["rival"]) for pair in said["break_even"]] == [
        ("analytic-slice", "analytic-slice"),
        ("analytic-slice", "nothing"),
    ]
    assert {"compute_ns", "mean", "low", "high"} <= said["curves"][0].keys()


def test_iso_prints_the_map_and_draws_it(command, tmp_path):
    asked = ("--methods", "nothing", "--errors", "0.01", "--latencies", "0ns,1ms", "--seed", "1", *FAST)
    picture = tmp_path / "iso.html"
    shown = command("iso", *asked, "--db", tmp_path / "iso.duckdb", "--chart", picture)
    assert (shown.status, shown.err) == (0, "")
    assert all(words in shown.out for words in ("at once", "1 ms", "0.01", "P&L over price error"))
    assert "What error and latency cost together" in picture.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (("breakeven", "--methods", "grid"), "nothing stands against it"),
        (("breakeven", "--methods", "magic,grid"), "no such method"),
        (("breakeven", "--against", ""), "at least one"),
        (("breakeven", "--seeds", "x"), "seeds 'x'"),
        (("breakeven", "--latency", "soon"), "latency 'soon'"),
        (("iso", "--errors", "0"), "above 0"),
        (("iso", "--errors", "x"), "root mean square"),
        (("iso", "--latencies", "1us,2us"), "0 and at least one more"),
        (("iso", "--chart", "x.gif"), "its suffix must be"),
        (("iso", "--problem", "sine"), "one underlying"),
        (("compare", "--methods", "inexact:x"), "write inexact:0.01"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(refused, tokens, message):
    assert message in refused(*tokens)


def test_a_tape_given_again_is_another_replicate(command, tape_path, tmp_path):
    other = tmp_path / "other.parquet"
    assert command("generate", other, "--seed", "2").status == 0
    asked = ("compare", "--methods", "nothing", *FAST, "--tape", tape_path, "--tape", other)
    said = json.loads(command(*asked, "--db", tmp_path / "days.duckdb", "--json").out)
    assert said["tape"].startswith("2 tapes")
    assert said["manifest"]["configuration"]["source"] == [tape_path.name, other.name]
    assert said["manifest"]["configuration"]["seeds"] == [1, 2]
