"""Questions in files of TOML: the same names as flags, and the same rules."""

import pytest

from tradesim.cli import exit_status

STUDY = """
market = "teaching"
methods = ["nothing", "proxy"]
seeds = "1-2"
latency = "fixed:10us"
memory_price = 0.25
"""


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    return str(path)


def printed(capsys, *tokens: str) -> dict[str, str]:
    assert exit_status(["config", *tokens]) == 0
    return dict(line.split(" = ") for line in capsys.readouterr().out.splitlines())


def test_a_file_states_what_flags_do_and_a_flag_wins(study, capsys):
    flags = ("--market", "teaching", "--methods", "nothing,proxy", "--latency", "fixed:10us", "--memory-price", "0.25")
    by_file = printed(capsys, "compare", "--config", study)
    assert by_file == printed(capsys, "compare", *flags, "--seeds", "1-2")
    assert by_file | {"seeds": '"5"'} == printed(capsys, "compare", f"--config={study}", "--seeds", "5")


@pytest.mark.parametrize("question", ["compare", "breakeven", "iso", "rivals"])
def test_what_is_printed_is_read_again(study, capsys, tmp_path, question):
    first = printed(capsys, question, "--config", study)
    again = tmp_path / "again.toml"
    again.write_text("\n".join(f"{key} = {value}" for key, value in first.items()))
    assert printed(capsys, question, "--config", str(again)) == first


def test_tapes_are_a_list(tmp_path, capsys):
    (tmp_path / "days.toml").write_text('tape = ["a.parquet", "b.parquet"]')
    said = printed(capsys, "compare", "--config", str(tmp_path / "days.toml"))
    assert said["tape"] == '["a.parquet", "b.parquet"]'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('mthods = "grid"', "mthods"),
        ("market = [", "it is no TOML"),
        ('jobs = "many"', "many"),
        ('[compare]\nseeds = "1"', "compare"),
    ],
)
def test_a_file_that_is_wrong_is_one_line_and_status_2(tmp_path, capsys, text, told):
    (tmp_path / "bad.toml").write_text(text)
    assert exit_status(["compare", "--config", str(tmp_path / "bad.toml")]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_a_file_that_there_is_not_and_a_question_without_a_command(tmp_path, capsys):
    assert exit_status(["compare", "--config", str(tmp_path / "no.toml")]) == 2
    assert exit_status(["config"]) == 2
    assert exit_status(["compare", "--config"]) == 2


def test_a_config_holds_for_one_call_alone(study, capsys):
    printed(capsys, "compare", "--config", study)
    assert "seeds" not in printed(capsys, "compare")
