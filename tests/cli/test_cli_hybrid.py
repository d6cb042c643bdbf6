"""``tradesim hybrid`` and ``tradesim facts``."""

import json

import pytest

from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.market.tape_file import read_part, read_tape, write_tape
from tradesim.units import SECOND, instant


@pytest.fixture(scope="session")
def chain_path(tmp_path_factory):
    market = SyntheticMarket(duration=3 * SECOND, strikes=tuple(float(k) for k in range(80, 121, 4)))
    return write_tape(generate(market, seed=2), tmp_path_factory.mktemp("chain") / "chain.parquet")


def test_hybrid_writes_a_tape_and_says_how_well_it_fits(command, tape_path, chain_path, tmp_path):
    made = tmp_path / "made.parquet"
    outcome = command("hybrid", tape_path, "--chain", chain_path, "-o", made, "--length", "2s", "--days", "7,30")
    assert (outcome.status, outcome.err) == (0, "")
    assert "points of volatility" in outcome.out
    tape, real = read_tape(made), read_tape(tape_path)
    assert tape.hash in outcome.out.splitlines()[-1]
    assert (tape.start, tape.end < real.start + 2 * SECOND) == (real.start, True)
    assert 2 * 5 * 2 <= len(tape.chain) <= 2 * 7 * 2


def test_hybrid_in_json_names_the_fit_of_each_expiry(command, tape_path, chain_path, tmp_path):
    outcome = command("hybrid", tape_path, "--chain", chain_path, "-o", tmp_path / "made.parquet", "--json")
    told = json.loads(outcome.out, parse_constant=pytest.fail)
    assert [round(expiry["days"]) for expiry in told["expiries"]] == [7, 30, 90]
    assert told["expiries"][0]["calendar"] is None


@pytest.mark.parametrize(
    "bad",
    [
        ("--days", "soon"),
        ("--days", "0"),
        ("--strikes", "0"),
        ("--reach", "-1"),
        ("--spread", "-1"),
        ("--length", "0s"),
        ("--start", "2026-13-01"),
        ("--at", "never"),
        ("--rate", "5"),
        ("--seed", "-1"),
        ("--chain", "none.parquet"),
    ],
)
def test_hybrid_refuses_in_one_line_and_writes_nothing(refused, tape_path, chain_path, tmp_path, bad):
    refused("hybrid", tape_path, "--chain", chain_path, "-o", tmp_path / "made.parquet", *bad)


def test_facts_shows_tapes_side_by_side_and_parts_of_them(command, tape_path, chain_path):
    outcome = command("facts", tape_path, f"{chain_path}@1s+1s")
    assert (outcome.status, outcome.err) == (0, "")
    assert "five-seconds.parquet" in outcome.out
    assert "Fano factor, 100 ms" in outcome.out
    said = json.loads(command("facts", tape_path, f"{tape_path}@1s", "--json").out, parse_constant=pytest.fail)
    assert list(said) == [str(tape_path), f"{tape_path}@1s"]
    whole, part = said.values()
    assert list(whole) == list(part)
    assert whole["quotes a second"] > 10.0


@pytest.mark.parametrize("bad", [(), ("none.parquet",), ("none.parquet@1s",)])
def test_facts_refuses_what_is_no_tape(refused, bad):
    refused("facts", *bad)


@pytest.mark.parametrize("when", ["@soon", "@1s+soon", "@900s", "@2020-01-01T00:00:00Z+1s"])
def test_facts_refuses_parts_that_are_none(refused, tape_path, when):
    refused("facts", f"{tape_path}{when}")


def test_a_part_of_a_tape_is_its_rows_between_two_instants(tape_path):
    tape = read_tape(tape_path)
    part = read_part(f"{tape_path}@1s+2s")
    inside = (tape.ts >= tape.start + SECOND) & (tape.ts < tape.start + 3 * SECOND)
    assert part.ts.tolist() == tape.ts[inside].tolist()
    assert read_part(f"{tape_path}@2026-01-05T14:30:01Z").start >= instant("2026-01-05T14:30:01", after=0)
