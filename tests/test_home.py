"""Where compiled code is kept where the package's folder cannot be written."""

import os
import tempfile
from pathlib import Path

import numba
import pytest

from tradesim import home
from tradesim.cli import exit_status
from tradesim.home import COMPILED, place_compiled_code


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The package's folder cannot be written; a place that cannot be made into a folder."""
    monkeypatch.setattr(home, "PACKAGE", tmp_path / "none")
    monkeypatch.setattr(numba.config, "CACHE_DIR", numba.config.CACHE_DIR)
    monkeypatch.setenv("TRADESIM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(COMPILED, "")
    file = tmp_path / "file"
    file.touch()
    return file / "folder"


def test_compiled_code_goes_to_the_data_home(read_only, tmp_path):
    place_compiled_code()
    folder = tmp_path / "home" / "numba"
    assert (os.environ[COMPILED], numba.config.CACHE_DIR) == (str(folder), str(folder))
    assert folder.is_dir()


def test_a_stated_folder_is_taken_if_it_can_be_written(read_only, monkeypatch, tmp_path):
    monkeypatch.setenv(COMPILED, str(tmp_path / "stated"))
    place_compiled_code()
    assert os.environ[COMPILED] == str(tmp_path / "stated")
    monkeypatch.setenv(COMPILED, str(read_only))
    place_compiled_code()
    assert os.environ[COMPILED] == str(tmp_path / "home" / "numba")


def test_without_a_data_home_it_goes_to_a_temporary_folder(read_only, monkeypatch, tmp_path):
    monkeypatch.setenv("TRADESIM_HOME", str(read_only))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    place_compiled_code()
    folder = Path(os.environ[COMPILED])
    assert folder.parent == tmp_path
    assert folder.is_dir()


def test_where_nothing_can_be_written_one_line_says_what_to_set(read_only, monkeypatch, capsys):
    monkeypatch.setenv("TRADESIM_HOME", str(read_only))
    monkeypatch.setattr(tempfile, "tempdir", str(read_only))
    assert exit_status(["--version"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "set TRADESIM_HOME to a folder that can be written" in err


def test_a_package_that_can_be_written_keeps_its_own(monkeypatch):
    monkeypatch.setenv(COMPILED, "")
    place_compiled_code()
    assert os.environ[COMPILED] == ""
