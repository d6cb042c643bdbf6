"""``rivals`` on the command line."""

import pytest

ASKED = (
    *("--methods", "nothing,analytic-slice", "--reactions", "20us,1ms", "--latencies", "0ns,30us"),
    *("--seed", "1", "--latency", "fixed:40us", "--jobs", "1"),
)


@pytest.mark.slow
def test_rivals_prints_the_tables_and_draws_the_map(command, tmp_path):
    picture = tmp_path / "rivals.html"
    shown = command("rivals", *ASKED, "--db", tmp_path / "rivals.duckdb", "--chart", picture)
    assert (shown.status, shown.err) == (0, "")
    assert all(words in shown.out for words in ("at once", "20 us", "1 ms", "analytic-slice", "Below five seeds"))
    assert shown.out.splitlines()[-1].startswith("comparisons ")
    assert "Own latency against the rivals" in picture.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (("--reactions", "10us"), "two or more"),
        (("--reactions", "soon"), "duration 'soon'"),
        (("--latencies", "1us,2us"), "0 and at least one more"),
        (("--methods", "magic"), "no such method"),
        (("--problem", "sine"), "one underlying"),
        (("--chart", "x.gif"), "its suffix must be"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(refused, tokens, message):
    assert message in refused("rivals", *tokens)
