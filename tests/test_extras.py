"""The core works without any package of the extras, and says which extra brings what it misses."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tradesim.errors import PackageError

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = ("altair", "vl_convert", "sklearn", "threadpoolctl", "databento", "onnxruntime", "pyarrow")
CALENDARS = ("pandas", "exchange_calendars")
"""In the core, but slow to import, and of use to recorded markets only."""

BLOCK = """
import os
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in os.environ["BLOCKED"].split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
"""


@pytest.fixture
def without(tmp_path):
    """Run Python, and the processes that it starts, as if some packages were not installed."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(BLOCK)

    def run(packages, *arguments, cwd=tmp_path):
        path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH", ""))))
        variables = {"PYTHONPATH": path, "TRADESIM_HOME": str(tmp_path / "home"), "BLOCKED": ",".join(packages)}
        command = [sys.executable, "-P", *map(str, arguments)]
        return subprocess.run(
            command, check=False, cwd=cwd, env=os.environ | variables, capture_output=True, text=True, timeout=280
        )

    return run


TINY = ("--latency", "fixed:40us", "--seeds", "1,2", "--db", "results.duckdb", "--jobs", "2")


def test_the_core_compares_without_the_extras_and_without_calendars(without):
    of_each_kind = "nothing,proxy,analytic,curve"
    ran = without((*EXTRAS, *CALENDARS), "-m", "tradesim", "compare", "--methods", of_each_kind, *TINY)
    assert (ran.returncode, ran.stderr) == (0, "")
    told = without(EXTRAS, "-m", "tradesim", "sql", "SELECT method FROM comparison_table", "--db", "results.duckdb")
    assert told.returncode == 0
    assert "analytic" in told.stdout


@pytest.mark.slow
def test_the_core_builds_what_its_default_methods_need(without):
    ran = without(EXTRAS, "-m", "tradesim", "compare", *TINY)
    assert (ran.returncode, ran.stderr) == (0, "")
    ran = without(EXTRAS, "-m", "tradesim", "compare", "--methods", "grid-sql", *TINY)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_importing_tradesim_imports_no_package_that_is_heavy(without):
    heavy = (*EXTRAS, *CALENDARS, "polars", "numba", "scipy", "duckdb", "lightgbm")
    ran = without((), "-c", f"import sys, tradesim; print([name for name in {heavy} if name in sys.modules])")
    assert (ran.stdout, ran.stderr) == ("[]\n", "")


MISSED = {
    "altair": (("compare", "--chart", "x.html"), "charts need altair; pip install 'tradesim[charts]'"),
    "vl_convert": (
        ("race", "--chart", "x.png"),
        "charts in files need vl-convert-python; pip install 'tradesim[charts]'",
    ),
    "sklearn": (("build", "network"), "training a network needs scikit-learn; pip install 'tradesim[network]'"),
    "databento": (
        ("ingest", "databento", "x.dbn", "-o", "x.parquet"),
        "x.dbn: DBN files need databento, their vendor's package; pip install 'tradesim[databento]'",
    ),
    "onnxruntime": (
        ("compare", "--methods", "x.onnx", *TINY),
        "x.onnx: ONNX models need onnxruntime; pip install 'tradesim[onnx]'",
    ),
}


@pytest.mark.parametrize(("package", "tokens", "says"), [(name, *of) for name, of in MISSED.items()], ids=MISSED.keys())
def test_what_needs_a_package_that_is_missing_names_the_extra(without, tmp_path, package, tokens, says):
    for name in ("x.dbn", "x.onnx"):
        (tmp_path / name).write_bytes(b"anything")
    ran = without((package,), "-m", "tradesim", *tokens)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("tradesim: ")
    assert ran.stderr.endswith(f"{says}\n")
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [("frontier", "sine"), ("iso",), ("rivals",)])
def test_every_command_refuses_a_chart_before_its_work(without, command):
    ran = without(("altair",), "-m", "tradesim", *command, "--chart", "x.html")
    assert (ran.returncode, ran.stderr) == (2, "tradesim: charts need altair; pip install 'tradesim[charts]'\n")


def test_a_script_may_take_the_error_for_one_of_ours_or_of_an_import(monkeypatch):
    assert issubclass(PackageError, ImportError)
    monkeypatch.setitem(sys.modules, "altair", None)
    monkeypatch.delitem(sys.modules, "tradesim.report.vega", raising=False)
    with pytest.raises(PackageError, match="charts need altair"):
        import tradesim.report.vega  # noqa: F401


def test_a_frontier_of_all_methods_leaves_out_what_cannot_be_built(without):
    script = (
        "from tradesim import frontier\n"
        "made = frontier('sine', methods=['analytic', 'network'], points=50, db='frontier.duckdb')\n"
        "print(made.table['method'].to_list(), made.refused.rows())"
    )
    ran = without(("sklearn",), "-c", script)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("['analytic'] [('network', \"training a network needs scikit-learn")


def test_every_extra_is_in_the_one_for_development():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    (every,) = extras["all"]
    named = set(every.removeprefix("tradesim[").removesuffix("]").split(","))
    assert named == extras.keys() - {"all", "dev", "peer"}
    assert "tradesim[all]" in extras["dev"]


def test_a_folder_named_tradesim_does_not_hide_the_package(without, tmp_path):
    (tmp_path / "tradesim" / "tests").mkdir(parents=True)
    code = "import sys; sys.path.insert(0, ''); import tradesim; print(tradesim.__file__)"
    ran = without((), "-c", code)
    assert ran.stdout.strip() == str(ROOT / "tradesim" / "__init__.py")
