"""``--market``, and the command that asks whether its makers live."""

import json

import pytest

from tradesim.market.tape_file import read_tape


@pytest.mark.parametrize("market", ["us-equity-options", "index-options", "coin-options", "teaching"])
def test_a_named_market_is_generated_and_has_its_facts(command, tmp_path, market):
    path = tmp_path / "tape.parquet"
    made = command("generate", path, "--market", market, "--length", "60s")
    assert (made.status, made.err) == (0, "")
    assert len(read_tape(path).chain) == 42
    facts = json.loads(command("facts", path, "--json").out)[str(path)]
    assert facts["options: makers gain a minute"] > 0.0
    assert facts["options: realised / implied volatility, 252 days of 6.5 h"] > 0.0


def test_an_unknown_market_is_refused_with_the_list(command, tmp_path):
    for refused in (
        command("generate", tmp_path / "x.parquet", "--market", "nope"),
        command("compare", "--market", "nope"),
        command("race", "--market", "nope"),
        command("balance", "--market", "nope"),
    ):
        assert refused.status == 2
        assert "choose one of us-equity-options, index-options, coin-options, teaching" in refused.err


def test_a_market_beside_a_tape_is_refused(command, tape_path):
    refused = command("compare", "--tape", tape_path, "--market", "teaching")
    assert (refused.status, refused.err.count("\n")) == (2, 1)
    assert "a tape is given" in refused.err


def test_what_is_not_said_of_the_world_is_the_markets_own(command):
    made = command("compare", "--market", "index-options", "--methods", "nothing", "--seeds", "1", "--latency",
                   "fixed:1us", "--feed", "1ms", "--json")  # fmt: skip
    told = json.loads(made.out)
    setting = told["manifest"]["configuration"]["setting"]
    assert told["tape"] == "generated index-options"
    assert setting["wires"]["feed"] == {"kind": "Fixed", "ns": 1_000_000}
    assert setting["wires"]["entry"]["floor"] == 20_000
    assert setting["fees"]["taker"] == 0.035
    assert setting["venue"]["tick"] == 0.1


@pytest.mark.slow
def test_the_balance_says_which_half_spreads_to_use(command):
    shown = command("balance", "--market", "teaching", "--seeds", "1")
    assert shown.status == 0
    assert "makers break even with half_spread_least=" in shown.out
    told = json.loads(command("balance", "--market", "teaching", "--seeds", "1", "--json").out)
    assert told["use"]["half_spread_least"] == pytest.approx(0.01 * told["multiplier"])
    assert {"noise", "rivals", "desk", "balance", "paying", "losing"} <= told["tried"][0].keys()
