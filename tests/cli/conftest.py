"""The command line, called as a function: its exit status and all that it prints and writes."""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from tradesim.cli import exit_status
from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.market.tape_file import write_tape
from tradesim.units import SECOND

QUICK = ("--methods", "nothing,proxy", "--latency", "fixed:40us")


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture(scope="session")
def tape_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated tape of five seconds, American."""
    path = tmp_path_factory.mktemp("tape") / "five-seconds.parquet"
    return write_tape(generate(SyntheticMarket(duration=5 * SECOND), seed=1), path)


@pytest.fixture(scope="session")
def used_home(tmp_path_factory: pytest.TempPathFactory, tape_path: Path) -> Path:
    """A data home that holds results already."""
    folder = tmp_path_factory.mktemp("used-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRADESIM_HOME", str(folder))
        assert exit_status(["compare", "--tape", str(tape_path), *QUICK, "--json"]) == 0
    return folder


@pytest.fixture
def command(
    used_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    """Call a command in an empty current folder; what a process would print is captured."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("TRADESIM_HOME", str(used_home))

    def call(*tokens: object) -> Outcome:
        capfd.readouterr()
        status = exit_status([str(token) for token in tokens])
        return Outcome(status, *capfd.readouterr())

    return call


@pytest.fixture
def refused(command: Command, used_home: Path, tmp_path: Path) -> Callable[..., str]:
    """Call a command that must be refused: status 2, one line on standard error, nothing written. Returns the line."""

    def call(*tokens: object) -> str:
        before = _files(used_home, tmp_path)
        outcome = command(*tokens)
        assert outcome.status == 2
        assert outcome.out == ""
        assert outcome.err.startswith("tradesim: ")
        assert outcome.err.count("\n") == 1
        assert outcome.err.endswith("\n")
        assert "Traceback" not in outcome.err
        assert _files(used_home, tmp_path) == before
        return outcome.err

    return call


def _files(*folders: Path) -> dict[Path, str | None]:
    """Everything in ``folders``, files with a digest of what they hold, but for the empty place of staging."""
    paths = [path for folder in folders for path in folder.rglob("*") if path.name != "staging"]
    return {path: sha256(path.read_bytes()).hexdigest() if path.is_file() else None for path in paths}


BAR = "34200000,7500000,7500000,7500000,7500000,5,7500200,7500200,7500200,7500200,7\n"


@pytest.fixture
def stock_archive(tmp_path: Path) -> Path:
    """Two minute bars of a stock, as LEAN keeps them."""
    return _archive(tmp_path / "stock.zip", BAR + BAR.replace("34200000", "34260000"))


@pytest.fixture
def crossed_archive(tmp_path: Path) -> Path:
    """The same, but that the second bar ends with its bid above its ask."""
    return _archive(tmp_path / "crossed.zip", BAR + BAR.replace("34200000", "34260000").replace("7500000", "7500300"))


def _archive(path: Path, bars: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("20151224_goog_minute_quote.csv", bars)
    return path
