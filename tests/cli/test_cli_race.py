"""The command ``tradesim race``."""

import json
from pathlib import Path

import pytest

QUICK = ("proxy=5us", "proxy=50us")

MAKER = """
import tradesim

STRATEGY = tradesim.Strategy(method="proxy", rule=tradesim.MakeRule())
"""

OWN_RULE = """
import numpy as np
import tradesim


class Buyer:
    def decide(self, screen):
        wants = not screen.in_flight[0] and screen.position[0] < 5
        return np.array([[0, 1, 1, screen.book[1, 3]]], dtype=np.int64)[: int(wants)]


STRATEGY = tradesim.Strategy(method="proxy", rule=Buyer())
"""


def test_it_prints_a_table_and_nothing_else(command, tape_path):
    outcome = command("race", *QUICK, "--tape", tape_path)
    assert (outcome.status, outcome.err) == (0, "")
    assert "proxy=50us" in outcome.out
    assert outcome.out.splitlines()[-1].startswith("race ")


def test_json_is_one_object_with_a_row_a_desk(command, tape_path):
    outcome = command("race", *QUICK, "--tape", tape_path, "--seeds", "1-2", "--json")
    said = json.loads(outcome.out, parse_constant=lambda constant: pytest.fail(f"{constant} is not JSON"))
    assert [row["name"] for row in said["desks"]] == list(QUICK)
    assert [(row["name"], row["rival"]) for row in said["rivals"]] == [QUICK, QUICK[::-1]]
    assert {"race", "problem", "manifest", "gaps"} <= said.keys()
    assert [desk["name"] for desk in said["manifest"]["configuration"]["desks"]] == list(QUICK)


@pytest.mark.slow
def test_strategy_files_race_each_with_its_own_rule(command, tape_path):
    Path("maker.py").write_text(MAKER)
    Path("buyer.py").write_text(OWN_RULE)
    outcome = command(
        "race", "maker.py=1ms", "buyer.py", "proxy", "--latency", "fixed:2us", "--tape", tape_path, "--json"
    )
    assert (outcome.status, outcome.err) == (0, "")
    maker, buyer, proxy = json.loads(outcome.out)["desks"]
    assert (maker["name"], maker["stated"]) == ("maker=1ms", "1ms")
    assert (buyer["name"], buyer["stated"]) == ("buyer", "fixed:2us")
    assert proxy["method"] == "proxy"
    assert buyer["filled"] > 0
    assert maker["orders"] > 10 * buyer["orders"]


def test_a_strategy_file_says_how_methods_trade(command, tape_path):
    Path("maker.py").write_text(MAKER)
    outcome = command("race", *QUICK, "--strategy", "maker.py", "--tape", tape_path, "--json")
    kinds = command(
        "sql",
        "SELECT DISTINCT kind FROM orders JOIN runs USING (run) "
        f"WHERE comparison = '{json.loads(outcome.out)['race']}' ORDER BY kind",
        "--json",
    )
    assert {"kind": "post_only"} in json.loads(kinds.out)
    assert {"kind": "ioc"} not in json.loads(kinds.out)


@pytest.mark.parametrize("suffix", [".png", ".html"])
def test_a_chart_is_written_beside_the_table(command, tape_path, suffix):
    outcome = command("race", *QUICK, "--tape", tape_path, "--chart", f"chart{suffix}")
    assert (outcome.status, outcome.err) == (0, "")
    assert Path(f"chart{suffix}").stat().st_size > 1000


@pytest.mark.parametrize(
    ("desks", "rule"),
    [
        (("proxy",), "give two or more"),
        (("proxy", "oracle"), "there is no such method"),
        (("proxy", "proxy=soon"), "latency 'soon'"),
        (("proxy", "proxy=5"), "write"),
        (("proxy", "missing.py"), "there is no such Python file"),
        (("proxy", "grid-sql@64KiB"), "no memory budget"),
    ],
)
def test_what_cannot_race_is_refused(refused, tape_path, desks, rule):
    assert rule in refused("race", *desks, "--tape", tape_path)


@pytest.mark.parametrize("argument", [("--chart", "chart.bmp"), ("--jobs", "0"), ("--entry", "fast"), ("--seeds", "x")])
def test_a_bad_argument_is_refused(refused, tape_path, argument):
    refused("race", *QUICK, "--tape", tape_path, *argument)


def test_a_rule_that_fails_is_told_by_file_and_line(refused, tape_path, tmp_path):
    script = tmp_path / "broken.py"
    script.write_text(OWN_RULE.replace("wants = not", "wants = 1 / 0 and not"))
    line = next(number for number, text in enumerate(script.read_text().splitlines(), start=1) if "1 / 0" in text)
    said = refused("race", str(script), "proxy=5us", "--latency", "fixed:2us", "--tape", tape_path)
    assert f"broken.py, line {line}" in said
    assert "ZeroDivisionError" in said
