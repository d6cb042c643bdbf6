"""``tradesim frontier`` and ``tradesim advise``: what they print and what they refuse."""

import json

import pytest

FEW = ("--methods", "proxy,analytic-slice", "--points", "20")


@pytest.fixture
def measured(command, tmp_path):
    database = tmp_path / "frontier.duckdb"
    outcome = command("frontier", "european", *FEW, "--db", database, "--json")
    assert (outcome.status, outcome.err) == (0, "")
    return database, json.loads(outcome.out)


def test_json_is_one_object_and_the_rest_is_read_from_what_is_stored(command, measured, tmp_path):
    database, said = measured
    assert [row["method"] for row in said["methods"]] == ["proxy", "analytic-slice"]
    picture = tmp_path / "frontier.html"
    table = command("frontier", "european", "--stored", "--db", database, "--chart", picture)
    assert table.status == 0
    assert "* analytic-slice" in table.out
    assert table.out.splitlines()[-1].startswith(f"frontier {said['frontier']} in ")
    assert "what accuracy costs" in picture.read_text(encoding="utf-8")

    drawn = command("frontier", "european", "--stored", "--map", "--db", database)
    assert (drawn.status, drawn.err) == (0, "")
    assert "  A analytic-slice" in drawn.out
    cells = json.loads(command("frontier", "european", "--stored", "--map", "--db", database, "--json").out)
    assert {cell["method"] for cell in cells} == {None, "analytic-slice"}

    advice = command("advise", "european", "--latency", "1ms", "--memory", "1MiB", "--error", "0.005", "--db", database)
    assert advice.status == 0
    assert advice.out.splitlines()[1].startswith("analytic-slice (")
    assert "proxy: exceeds error" in advice.out
    answer = json.loads(command("advise", "european", "--db", database, "--json").out)
    assert answer["best"]["method"] == "analytic-slice"
    assert answer["need"]["latency"] is None


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (("frontier", "magic"), "there is no such problem"),
        (("frontier", "european", "--methods", "magic"), "there is no such method"),
        (("frontier", "european", "--budgets", "large"), "memory 'large'"),
        (("frontier", "european", "--cache", "warm"), "cache 'warm'"),
        (("frontier", "european", "--points", "1"), "points 1"),
        (("frontier", "european", "--map", "--error", "0"), "error 0.0: it must be above zero"),
        (("frontier", "european", "--chart", "x.gif"), "its suffix must be"),
        (("frontier", "european", "--stored"), "is stored"),
        (("advise", "european"), "is stored"),
        (("advise", "european", "--latency", "soon"), "duration 'soon'"),
        (("advise", "european", "--memory", "much"), "memory 'much'"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(refused, tokens, message):
    assert message in refused(*tokens)
