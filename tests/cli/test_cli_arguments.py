"""Every argument of every command, outside its rule: one line, status 2, nothing written."""

import pytest

QUICK = ("--methods", "nothing,proxy", "--latency", "fixed:40us")
HUGE = "9" * 400

AMOUNTS = [
    ("abc", "unable to convert"),
    ("", "unable to convert"),
    ("nan", "finite"),
    ("inf", "finite"),
    ("-inf", "finite"),
    ("1e7", "at most 1,000,000"),
    ("1e300", "at most 1,000,000"),
]
WHOLES = [("x", "not a whole number"), ("1.5", "not a whole number"), ("", "not a whole number")]
SEEDS = [
    ("", "write 5, 1-8 or 1,4,9"),
    ("x", "write 5, 1-8 or 1,4,9"),
    ("1.5", "whole numbers"),
    ("8-1", "write 5, 1-8 or 1,4,9"),
    ("-3", "none negative"),
    ("1-", "whole numbers"),
    ("1-2-3", "whole numbers"),
    ("1,,2", "whole numbers"),
    ("1,1", "none twice"),
    ("1-1000000000000", "at most 10,000"),
    (str(2**63), "from 0 to"),
    (HUGE, "from 0 to"),
]
LATENCIES = [
    ("", "it is empirical, measured"),
    ("nope", "it is empirical, measured"),
    ("fixed", "write for example fixed:40us"),
    ("fixed:", "write for example fixed:40us"),
    ("fixed:40", "a number and ns, us, ms or s"),
    ("fixed:-40us", "a number and ns, us, ms or s"),
    ("fixed:40us:3", "it is "),
    ("fixed:3601s", "at most an hour"),
    (f"fixed:{HUGE}s", "at most a year"),
    ("lognormal:40us", "it is "),
    ("lognormal:0us:1", "the median must be above 0"),
    ("lognormal:40us:x", "a number from 0 to 5"),
    ("lognormal:40us:-1", "a number from 0 to 5"),
    ("lognormal:40us:nan", "a number from 0 to 5"),
    ("lognormal:40us:6", "a number from 0 to 5"),
    ("empirical:3", "it is "),
    ("gamma:2", "gamma:SHAPE:SCALE[:FLOOR]"),
    ("gamma:x:40us", "a number from 0 to 1000"),
    ("gamma:2:0us", "shape and scale must be above 0"),
    ("file:", "file:PATH"),
    ("file:nowhere.csv", "there is no such file"),
    ("recorded:orders.npz", "it is "),
]
METHODS = [
    ("", "at least one"),
    (",", "at least one"),
    ("proxy,proxy", "none twice"),
    ("nope", "choose from nothing, analytic"),
    ("nothing,nope", "method 'nope'"),
]
PROBLEMS = [("", "choose one of european, american"), ("nope", "choose one of european, american")]
DURATIONS = [
    ("", "a number and ns, us, ms or s"),
    ("x", "a number and ns, us, ms or s"),
    ("5", "a number and ns, us, ms or s"),
    (f"{HUGE}s", "at most a year"),
    ("99999999999s", "at most a year"),
]
VENUE = [
    *[("--maker-fee", value, rule) for value, rule in AMOUNTS],
    *[("--underlying-fee", value, rule) for value, rule in AMOUNTS],
    *[("--tick", value, "an amount of currency of a micro or more") for value in ("0", "-0.01", "nan", "inf", "1e-9")],
    ("--tick", "abc", "write 0.05 or 0.05,0.10@3"),
    ("--tick", "0.05,0.10", "levels rise"),
    ("--tick", "0.05,0.10@3.05", "a level begins at a multiple"),
    ("--tick", "0.05@1", "the first of them is from 0"),
    ("--tick", "1e300", "at most 1,000,000"),
    *[("--queue", value, "write for example power:3") for value in ("", "nope", "power:x", "log3", "power:0")],
    *[("--position-limit", value, rule) for value, rule in WHOLES],
    *[("--position-limit", value, "at least 1 lot") for value in ("0", "-5")],
]


def cases(option: str, values: list[tuple[str, str]]) -> list[object]:
    return [pytest.param(f"{option}={value}", rule, id=f"{option}={value[:24]}") for value, rule in values]


WIRES = [
    *cases("--feed", [("", "feed latency ''"), ("fast", "it is one of DURATION"), ("file:none.npy", "no such file")]),
    *cases("--entry", [("place=1us,cancel=fast", "entry latency 'fast'"), ("cancel=1us", "place= is missing")]),
    *cases("--response", [("recorded:none.npz", "there is no such file"), ("-5us", "response latency '-5us'")]),
    *cases("--hedge-entry", [("soon", "hedge entry latency 'soon'")]),
    *cases("--hedge-response", [("gamma:1", "hedge response latency 'gamma:1'")]),
    *cases("--rejections", [("x", "unable to convert"), ("1.5", "from 0 to 1"), ("nan", "from 0 to 1")]),
]


@pytest.mark.parametrize(
    ("argument", "rule"),
    [
        *cases("--edge", AMOUNTS),
        *cases("--fee", AMOUNTS),
        *[case for option, value, rule in VENUE for case in cases(option, [(value, rule)])],
        *cases("--strategy", [("", "no such Python file"), ("nowhere.py", "no such Python file")]),
        *cases("--cap", [*WHOLES, ("0", "at least 1 lot"), ("-5", "at least 1 lot"), (HUGE, "at most 1,000,000,000")]),
        *cases("--jobs", [*WHOLES, ("0", "give 1 or more"), ("-1", "give 1 or more")]),
        *cases("--seeds", SEEDS),
        *cases("--seed", SEEDS[1:2]),
        *cases("--until", [("x", "unable to convert"), ("95", "from 0.5 to"), ("nan", "from 0.5 to")]),
        *cases("--until", [("0.95", "a tape has no further replicates")]),
        *cases("--most-seeds", WHOLES),
        *cases("--problem", [*PROBLEMS, ("basket-3", "one underlying; choose european"), ("sine", "one underlying")]),
        *WIRES,
        *cases("--timing", [("", "live, hot, cold"), ("warm", "live, hot, cold")]),
        *cases("--between", [("", "memory ''"), ("much", "memory 'much'"), ("desk,1ms", "spin=DURATION")]),
        *cases("--memory-price", [("-1", "currency per MiB and hour"), ("nan", "currency per MiB and hour")]),
        *cases("--json", [("5", "unable to convert")]),
        *cases("--no-json", [("", "Unknown option")]),
        *cases("--nonsense", [("1", "Unknown option")]),
        ("extra", "Unused Tokens"),
        ("--tape", "requires an argument"),
    ],
)
def test_compare_refuses(refused, tape_path, argument, rule):
    place = ("--tape", tape_path) if argument != "--tape" else ()
    assert rule in refused("compare", *place, *QUICK, argument)


@pytest.mark.parametrize(("argument", "rule"), [*cases("--methods", METHODS), *cases("--latency", LATENCIES)])
def test_compare_refuses_methods_and_latencies(refused, tape_path, argument, rule):
    others = QUICK[2:] if argument.startswith("--methods") else QUICK[:2]
    assert rule in refused("compare", "--tape", tape_path, *others, argument)


@pytest.mark.parametrize(
    ("argument", "rule"),
    [
        *cases("--seeds", SEEDS),
        *cases("--latency", LATENCIES),
        *cases("--fee", AMOUNTS),
        *[case for option, value, rule in VENUE for case in cases(option, [(value, rule)])],
        *WIRES,
        *cases("--problem", PROBLEMS),
        *cases("--json", [("5", "unable to convert")]),
        *cases("--nonsense", [("1", "Unknown option")]),
        ("extra.py", "Unused Tokens"),
    ],
)
def test_run_refuses(refused, tape_path, tmp_path, argument, rule):
    script = tmp_path / "mine.py"
    script.write_text('import tradesim\nSTRATEGY = tradesim.Strategy(method="proxy")\n')
    assert rule in refused("run", script, "--tape", tape_path, argument)


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        *[([value], rule) for value, rule in METHODS],
        (["grid,grid"], "none twice"),
        (["nothing", "more"], "Unused Tokens"),
        *[(["nothing", "--problem", value], rule) for value, rule in PROBLEMS],
        (["nothing", "--nonsense", "1"], "Unknown option"),
    ],
)
def test_build_refuses(refused, arguments, rule):
    assert rule in refused("build", *arguments)


@pytest.mark.parametrize(
    ("argument", "rule"),
    [
        *cases("--seed", [*WHOLES, ("-1", "must not be negative")]),
        *cases("--length", [*DURATIONS, ("-5s", "a number and"), ("0s", "positive"), ("8000000s", "must end before")]),
        *cases("--nonsense", [("1", "Unknown option")]),
        ("extra", "Unused Tokens"),
    ],
)
def test_generate_refuses(refused, argument, rule):
    assert rule in refused("generate", "tape.parquet", argument)


YIELDS = [
    ("x", "unable to convert"),
    ("nan", "from -1 to 1"),
    ("inf", "from -1 to 1"),
    ("5", "write 0.05 for 5 percent"),
    ("-1.5", "from -1 to 1"),
]


@pytest.mark.parametrize(
    ("argument", "rule"),
    [
        *cases("--rate", YIELDS),
        *cases("--dividend", YIELDS),
        *cases("--on-bad-row", [("", "raise, drop"), ("ignore", "raise, drop")]),
        *cases("--underlying", [("", "choose one of GOOG"), ("MSFT", "choose one of GOOG")]),
        *cases("--correct-clock", [*DURATIONS, ("-5us", "a number and")]),
        *cases("--correct-skew", [*DURATIONS, ("-5us", "a number and")]),
        *cases("--nonsense", [("1", "Unknown option")]),
    ],
)
def test_ingest_refuses(refused, stock_archive, argument, rule):
    assert rule in refused("ingest", "lean", stock_archive, "-o", "out.parquet", argument)


def test_ingest_refuses_two_corrections(refused, stock_archive):
    both = ("--correct-clock", "1ms", "--correct-skew", "1ms")
    assert "give one of them" in refused("ingest", "lean", stock_archive, "-o", "out.parquet", *both)


def test_ingest_refuses_to_take_out_a_skew_that_is_not_told_from_zero(refused, stock_archive):
    assert "not told from 0" in refused("ingest", "lean", stock_archive, "-o", "out.parquet", "--correct-skew", "1ms")


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ("", "give one SELECT statement"),
        ("selec 1", "syntax error"),
        ("select", "Parser Error"),
        ("select * from nowhere", "nowhere does not exist"),
        ("select 1; select 2", "give one SELECT statement"),
        ("select ?", "Values were not provided"),
        ("select 'x'::int", "Could not convert"),
        ("select 1 a, 2 a", "name each column once"),
        ("select interval '1 day'", "cast it"),
        ("create table x (a int)", "it is CREATE; results are read-only"),
        ("drop table runs", "it is DROP; results are read-only"),
        ("delete from runs", "it is DELETE; results are read-only"),
        ("insert into runs select * from runs", "it is INSERT; results are read-only"),
        ("copy runs to 'runs.csv'", "it is COPY; results are read-only"),
        ("explain analyze copy runs to 'runs.csv'", "it is EXPLAIN; results are read-only"),
        ("attach 'new.duckdb'", "it is ATTACH; results are read-only"),
        ("export database 'all'", "it is EXPORT; results are read-only"),
        ("checkpoint", "results are read-only"),
    ],
)
def test_sql_refuses(refused, query, rule):
    assert rule in refused("sql", query)


@pytest.mark.parametrize(
    ("tokens", "rule"),
    [
        (["nonsense"], "Unknown command"),
        (["--nonsense"], "Unknown command"),
        (["run"], "SCRIPT requires an argument"),
        (["ingest"], "READER requires an argument"),
        (["ingest", "lean", "a.zip"], "--output requires an argument"),
        (["ingest", "lean", "-o", "x.parquet"], "no sources"),
        (["ingest", "csv", "a.csv", "-o", "x.parquet"], "one of lean, lean-tick, deribit"),
        (["generate"], "OUTPUT requires an argument"),
        (["sql"], "QUERY requires an argument"),
        (["sql", "select 1", "select 2"], "Unused Tokens"),
        (["sql", "select 1", "--json=5"], "unable to convert"),
    ],
)
def test_a_command_that_is_not_whole_is_refused(refused, tokens, rule):
    assert rule in refused(*tokens)


@pytest.mark.parametrize("argument", ["--edge=-1", "--fee=-0.001", "--jobs=64", "--cap=1000000000", "--seeds=0"])
def test_odd_arguments_within_their_rule_are_taken(command, tape_path, argument):
    outcome = command("compare", "--tape", tape_path, *QUICK, argument)
    assert (outcome.status, outcome.err) == (0, "")
