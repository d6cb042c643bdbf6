"""Methods that are handed in: functions, classes, objects and files of models, held to what they must answer."""

import functools
import textwrap
from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np
import pytest

import tradesim
from tradesim.errors import ArgumentError
from tradesim.market.chain import Chain
from tradesim.methods.by_style import method_for
from tradesim.methods.method import State, price_chain
from tradesim.methods.registry import make_method
from tradesim.pricing import PROBLEMS
from tradesim.pricing.american import price as american_price
from tradesim.pricing.european import price as european_price
from tradesim.pricing.problem import Problem

EUROPEAN = PROBLEMS["european"]
COUNT = 6
CHAIN = Chain(
    name=tuple("ABCDEF"),
    strike=np.linspace(80.0, 120.0, COUNT),
    expiry=np.full(COUNT, 10**18),
    right=np.array([1, -1] * 3, dtype=np.int8),
    style=np.zeros(COUNT, dtype=np.int8),
    multiplier=np.ones(COUNT, dtype=np.int64),
)


def state(expiry: float | np.ndarray = 0.5) -> State:
    full = np.full(COUNT, 1.0)
    return State(
        index=0,
        instant=0,
        spot=100.0,
        expiry=full * expiry,
        volatility=full * 0.2,
        rate=full * 0.03,
        dividend=full * 0.01,
    )


def asked(given: object, *, problem: Problem = EUROPEAN, home: Path = Path(), at: State | None = None, spot=101.0):
    method = make_method(given, problem, home)
    method.bind(CHAIN)
    method.update(at or state())
    return price_chain(method, spot, COUNT)


TRUTH = asked("reference")


def formula(spot, strike, expiry, volatility, rate, dividend, right):
    """The formula itself."""
    return european_price(np.full(len(strike), spot), strike, expiry, volatility, rate, dividend, right.astype(np.int8))


class Split:
    """The formula, split at the spot."""

    def prepare(self, inputs):
        return inputs

    def evaluate(self, spot, prepared, out):
        prepared.spot = spot
        out[:] = formula(**vars(prepared))


class Fitted:
    """Least squares of moneyness, fitted once."""

    def __init__(self, degree=2):
        self.degree = degree

    def build(self, problem, budget, progress):
        inputs = problem.domain.sample(300, seed=1)
        prices = problem.reference(inputs) / inputs[:, 1]
        return {"weights": np.polyfit(inputs[:, 0] / inputs[:, 1], prices, self.degree)}

    def prepare(self, inputs):
        return inputs.strike

    def evaluate(self, spot, prepared, out):
        out[:] = prepared * np.polyval(self.artefact["weights"], spot / prepared)
        return "fitted"


@pytest.mark.parametrize("given", [formula, Split, Split()], ids=["function", "class", "object"])
def test_a_function_a_class_and_an_object_price_as_they_say(given):
    assert np.allclose(asked(given), TRUTH, atol=1e-12)


def test_a_function_takes_what_it_names_in_its_own_order():
    def intrinsic(right, strike, spot):
        return np.maximum(right * (spot - strike), 0.0)

    assert asked(intrinsic).tolist() == np.maximum(CHAIN.right * (101.0 - CHAIN.strike), 0.0).tolist()


def test_expired_contracts_are_the_solvers():
    expiry = np.array([0.5, 0.0, 0.5, 0.0, 0.5, 0.5])

    def never_expired(spot, expiry, strike):
        assert (expiry > 0).all()
        return strike * 0.0

    prices = asked(never_expired, at=state(expiry))
    worth = np.maximum(CHAIN.right * (101.0 - CHAIN.strike), 0.0)
    assert prices.tolist() == np.where(expiry > 0, 0.0, worth).tolist()


def test_one_option_is_priced_beside_a_chain_of_which_some_have_expired():
    method = make_method(formula, EUROPEAN, Path())
    method.bind(CHAIN)
    method.update(state(np.array([0.5, 0.0, 0.5, 0.0, 0.5, 0.5])))
    before = price_chain(method, 101.0, COUNT)
    method.value(spot=101.0, strike=90.0, expiry=0.5, volatility=0.2, rate=0.0, dividend=0.0, right=1)
    assert price_chain(method, 101.0, COUNT).tolist() == before.tolist()


def wrong_shape(spot, strike):
    return np.zeros(3)


def no_number(spot, strike):
    return np.where(strike > 90.0, np.nan, 1.0)


def fails(spot, strike):
    raise ValueError("no\nmodel")


def not_an_input(spot, stryke):
    return spot


class Unwritten:
    def prepare(self, inputs):
        return None

    def evaluate(self, spot, prepared, out):
        out[:2] = 1.0


class Needs:
    def __init__(self, model):
        self.model = model

    prepare = evaluate = lambda *_: None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (wrong_shape, r"function wrong_shape returns float64\[3\]; it returns the prices of all 6 contracts"),
        (no_number, "method no_number: the price of contract 2 of 6 is nan at spot 101.0"),
        (fails, "method fails: evaluate fails: ValueError: no model; mend it there"),
        (not_an_input, "function not_an_input takes stryke; the inputs of problem 'european' are spot, strike"),
        (Unwritten, "method Unwritten: the price of contract 2 of 6 is nan"),
        (Needs, "hand in an object where the class needs arguments"),
        (3.0, "method 3.0: it is a float; hand in a function of the inputs, a class with prepare and evaluate"),
        (str.upper, "takes self"),
    ],
)
def test_what_is_wrong_with_it_is_one_line_that_names_it(given, told):
    with pytest.raises(ArgumentError, match=told) as error:
        asked(given)
    assert "\n" not in str(error.value)


def test_what_is_built_is_kept_by_its_code_and_state_and_its_cost_is_known(tmp_path):
    first = make_method(Fitted(), EUROPEAN, tmp_path)
    assert first.build_cost.evaluations == 300
    (kept,) = (tmp_path / "handed").iterdir()
    written = kept.stat().st_mtime_ns
    again = make_method(Fitted, EUROPEAN, tmp_path)
    other = make_method(Fitted(degree=3), EUROPEAN, tmp_path)
    assert kept.stat().st_mtime_ns == written
    assert len(list((tmp_path / "handed").iterdir())) == 3
    for method in (first, again, other):
        method.bind(CHAIN)
        method.update(state())
        assert method.price(101.0, np.empty(COUNT)) == "fitted"
        assert method.nbytes > 8 * 3
    assert make_method(tradesim.method(Fitted(), budget="1KiB"), EUROPEAN, tmp_path).name == "Fitted@1KiB"


def test_a_build_that_returns_no_arrays_or_fails_leaves_nothing(tmp_path):
    class Listed(Fitted):
        def build(self, problem, budget, progress):
            return [1, 2]

    with pytest.raises(ArgumentError, match="method Listed: build returns list; it returns arrays by name"):
        make_method(Listed(), EUROPEAN, tmp_path)
    assert not (tmp_path / "handed").exists()


def test_a_subclass_of_ours_is_made_from_the_problem():
    class Doubled(tradesim.Staged):
        """Twice what it is worth if the spot stays."""

        name = "doubled"

        def __init__(self, problem):
            super().__init__()
            self.problem = problem

        def prepare(self, slow, anchor):
            return tradesim.Prepared(rows=slow)

        def evaluate(self, fast, prepared, out):
            out[:] = 2.0 * np.maximum(prepared.rows[:, 5] * (fast - prepared.rows[:, 0]), 0.0)
            return "hit"

    assert make_method(Doubled, EUROPEAN, Path()).name == "Doubled"
    assert asked(Doubled).tolist() == (2.0 * np.maximum(CHAIN.right * (101.0 - CHAIN.strike), 0.0)).tolist()


def test_each_chain_has_an_object_of_its_own(tmp_path):
    one = Fitted()
    methods = [make_method(one, EUROPEAN, tmp_path) for _ in range(2)]
    for method in methods:
        method.open()
    assert not hasattr(one, "artefact")


def test_a_file_and_a_module_name_one(tmp_path, monkeypatch):
    code = textwrap.dedent('''
        def flat(spot, strike):
            """A flat price."""
            return strike * 0.0 + 7.0
    ''')
    (tmp_path / "flat_pricers.py").write_text(code)
    spec = tradesim.method(f"{tmp_path / 'flat_pricers.py'}:flat")
    assert (spec.label, spec.entry.says) == ("flat", "A flat price.")
    assert asked(spec).tolist() == [7.0] * COUNT
    monkeypatch.chdir(tmp_path)
    assert asked("flat_pricers:flat").tolist() == [7.0] * COUNT
    with pytest.raises(ArgumentError, match=r"flat_pricers.py defines no steep"):
        tradesim.method("flat_pricers.py:steep")
    with pytest.raises(ArgumentError, match=r"there is no such Python file"):
        tradesim.method("no_pricers.py:flat")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("gird", r"method 'gird': there is no such method; did you mean grid\?"),
        ("grid:5us", r"method 'grid:5us': it takes nothing behind its name"),
        ("analytic@64KiB", r"method 'analytic' has no memory budget; leave out @64KiB"),
        ("grid@lots", r"memory 'lots'"),
        ("inexact:-1", "an error is a root mean square"),
    ],
)
def test_a_name_that_is_wrong_is_told_with_what_is_right(text, told):
    with pytest.raises(ArgumentError, match=told):
        tradesim.method(text)


def test_options_by_name_are_those_behind_the_name():
    stated, named = tradesim.method("inexact:0.02:7"), tradesim.method("inexact", error=0.02, seed=7)
    assert (stated.options, stated.name) == (named.options, named.name)
    assert named.label == "inexact(error=0.02,seed=7)"
    assert tradesim.method("grid", label="mine").label == "mine"
    with pytest.raises(ArgumentError, match="method 'grid' has no option error: it takes none"):
        tradesim.method("grid", error=1.0)


@pytest.fixture(scope="module")
def trees(tmp_path_factory) -> Path:
    """A forest that somebody trained on four columns, in an order of his own."""
    inputs = EUROPEAN.domain.sample(3_000, seed=3)
    at = [EUROPEAN.domain.column(name) for name in ("volatility", "expiry", "right")]
    columns = np.column_stack([inputs[:, at], np.log(inputs[:, 0] / inputs[:, 1])])
    data = lightgbm.Dataset(
        columns,
        EUROPEAN.reference(inputs) / inputs[:, 1],
        feature_name=["volatility", "expiry", "right", "log_moneyness"],
    )
    booster = lightgbm.train({"num_leaves": 15, "verbose": -1, "num_threads": 1, "seed": 1}, data, 40)
    path = tmp_path_factory.mktemp("models") / "trees.txt"
    booster.save_model(path)
    return path


def test_trees_of_lightgbm_are_asked_by_the_columns_that_they_name(trees):
    booster = lightgbm.Booster(model_file=trees)
    slow = state()
    table = np.column_stack([slow.volatility, slow.expiry, CHAIN.right, np.log(101.0 / CHAIN.strike)])
    assert np.allclose(asked(str(trees)), CHAIN.strike * booster.predict(table), rtol=1e-6)
    method = make_method(str(trees), EUROPEAN, Path())
    assert (method.name, method.nbytes) == ("trees", 0)


def test_a_file_that_is_no_model_or_names_other_columns_is_refused(trees, tmp_path):
    (tmp_path / "notes.txt").write_text("feature engineering")
    with pytest.raises(ArgumentError, match=r"notes.txt: it is no model of LightGBM's"):
        asked(str(tmp_path / "notes.txt"))
    (tmp_path / "cut.txt").write_text(trees.read_text()[:900])
    with pytest.raises(ArgumentError, match=r"cut.txt: the text of the LightGBM model is cut short"):
        asked(str(tmp_path / "cut.txt"))
    (tmp_path / "other.txt").write_text(trees.read_text().replace("log_moneyness", "Column_3"))
    with pytest.raises(ArgumentError, match=r"other.txt: column Column_3 is no input; it is one of .*log_moneyness"):
        asked(str(tmp_path / "other.txt"))
    stated = f"{tmp_path / 'other.txt'}:volatility+expiry+right+log_moneyness"
    assert np.allclose(asked(stated), asked(str(trees)))
    with pytest.raises(ArgumentError, match=r"gone.txt: it cannot be read"):
        asked(str(tmp_path / "gone.txt"))


def linear_network(path: Path, inputs: list[tuple[str, list[int | None]]], metadata: str = "") -> None:
    """An ONNX model that sums its columns."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    given = [helper.make_tensor_value_info(name, kind, shape) for name, shape in inputs]
    if len(inputs) == 1:
        axes = helper.make_tensor("axes", onnx.TensorProto.INT64, [1], [1])
        nodes, constants = [helper.make_node("ReduceSum", [inputs[0][0], "axes"], ["price"])], [axes]
    else:
        nodes, constants = [helper.make_node("Sum", [name for name, _ in inputs], ["price"])], []
    out = helper.make_tensor_value_info("price", kind, None)
    model = helper.make_model(
        helper.make_graph(nodes, "sum", given, [out], constants), opset_imports=[helper.make_opsetid("", 17)]
    )
    model.ir_version = 8
    if metadata:
        helper.set_model_props(model, {"columns": metadata})
    path.write_bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("inputs", "metadata", "stated"),
    [
        ([("spot", [None, 1]), ("strike", [None, 1])], "", ""),
        ([("spot", [None]), ("strike", [None])], "", ""),
        ([("table", [None, 2])], "spot, strike", ""),
        ([("table", [None, 2])], "", ":spot+strike"),
    ],
)
def test_an_onnx_model_is_asked_by_its_columns(tmp_path, inputs, metadata, stated):
    linear_network(tmp_path / "sum.onnx", inputs, metadata)
    assert np.allclose(asked(f"{tmp_path / 'sum.onnx'}{stated}"), 101.0 + CHAIN.strike, rtol=1e-6)


def test_an_onnx_model_whose_columns_nobody_names_is_refused(tmp_path):
    linear_network(tmp_path / "sum.onnx", [("table", [None, 2])])
    with pytest.raises(ArgumentError, match=r"sum.onnx: it does not name its columns|column table is no input"):
        asked(str(tmp_path / "sum.onnx"))


@pytest.mark.parametrize("stated", [{"objective": "poisson"}, {"objective": "regression", "reg_sqrt": True}])
def test_trees_that_do_not_add_up_to_the_price_are_refused(tmp_path, stated):
    inputs = EUROPEAN.domain.sample(500, seed=3)
    data = lightgbm.Dataset(inputs[:, :2], 1.0 + EUROPEAN.reference(inputs), feature_name=["spot", "strike"])
    lightgbm.train({"verbose": -1, "num_threads": 1, **stated}, data, 5).save_model(tmp_path / "other.txt")
    with pytest.raises(ArgumentError, match="do not add up to the price"):
        asked(str(tmp_path / "other.txt"))


def test_columns_that_are_stated_are_those_of_the_model(trees):
    with pytest.raises(ArgumentError, match="2 columns are stated, and the model has 4"):
        asked(f"{trees}:volatility+expiry")
    with pytest.raises(ArgumentError, match="are stated, and the file names volatility"):
        asked(f"{trees}:expiry+volatility+right+log_moneyness")


def scaled(by):
    class Scaled(Fitted):
        def build(self, problem, budget, progress):
            return {"weights": np.array([by])}

    return Scaled


def test_what_is_built_is_of_the_code_that_builds_it(tmp_path):
    for by in (1.0, 2.0):
        method = make_method(scaled(by), EUROPEAN, tmp_path)
        method.open()
        assert method.own.artefact["weights"].tolist() == [by]
    knots = [np.zeros(5_000), np.zeros(5_000)]
    knots[1][2_500] = 1.0
    keys = {tradesim.method(each).key for each in (Fitted(knots[0]), Fitted(knots[1]), Fitted(), Fitted, scaled(1.0))}
    assert len(keys) == 5
    assert tradesim.method(Fitted()).key == tradesim.method(Fitted()).key


def test_two_files_of_one_name_and_an_edited_one_are_told_apart(tmp_path):
    for folder, by in (("a", 1.0), ("b", 2.0), ("a", 3.0)):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "pricer.py").write_text(f"def flat(strike):\n    return strike * 0.0 + {by}\n")
        assert asked(f"{tmp_path / folder / 'pricer.py'}:flat").tolist() == [by] * COUNT


def test_a_function_that_writes_into_its_inputs_is_told(tmp_path):
    def halves(strike, expiry):
        expiry *= 0.5
        return expiry

    with pytest.raises(ArgumentError, match="read-only"):
        asked(halves)


def test_what_a_method_holds_is_counted_once_wherever_it_is(tmp_path):
    table = np.zeros(10_000)

    class Holds:
        __slots__ = ("table",)

        def __init__(self):
            self.table = table

        def __deepcopy__(self, memo):
            return Holds()

        def prepare(self, inputs):
            return self.table

        def evaluate(self, spot, prepared, out):
            out[:] = prepared[: len(out)]

    method = make_method(Holds(), EUROPEAN, Path())
    method.bind(CHAIN)
    method.update(state())
    assert table.nbytes <= method.nbytes < 1.1 * table.nbytes


def test_a_function_may_have_defaults_and_keywords_alone():
    def priced(*, strike, steps=100, spot):
        return strike * 0.0 + spot * steps

    assert asked(priced).tolist() == [10_100.0] * COUNT
    assert asked(functools.partial(lambda spot, strike, by: strike * 0.0 + by, by=2.0)).tolist() == [2.0] * COUNT


@pytest.mark.parametrize("options", [{"error": -1}, {"error": "x"}, {"seed": 1.5}])
def test_options_by_name_are_held_to_the_same_rules(options):
    with pytest.raises(ArgumentError, match="an error is a root mean square"):
        make_method(tradesim.method("inexact", **options), EUROPEAN, Path())


@pytest.mark.parametrize("budget", [0, -5, 1.5, True])
def test_a_budget_is_whole_bytes(budget):
    with pytest.raises(ArgumentError, match="it is bytes, at least 1"):
        tradesim.method("grid", budget=budget)


def test_european_contracts_among_american_ones_are_priced_by_the_formula():
    def american(spot, strike, expiry, volatility, rate, dividend, right):
        return american_price(
            np.full(len(strike), spot), strike, expiry, volatility, rate, dividend, right.astype(np.int8)
        )

    chain = replace(CHAIN, style=np.array([0, 0, 1, 1, 1, 0], dtype=np.int8))
    prices = {}
    for given in (american, "analytic"):
        method = method_for(given, PROBLEMS["american"], chain, Path())
        method.bind(chain)
        method.update(state())
        prices[given] = price_chain(method, 101.0, COUNT)
    assert np.allclose(prices[american], prices["analytic"], atol=1e-6)
