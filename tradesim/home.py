"""The data home: where grids, models, profiles, generated tapes, results and, if need be, compiled code are kept."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

import platformdirs

from tradesim.errors import ArgumentError

PACKAGE: Final = Path(__file__).parent
COMPILED: Final = "NUMBA_CACHE_DIR"
"""The environment variable that names the folder of compiled code."""


def data_home() -> Path:
    """The folder in which tradesim keeps what it builds, made if it is missing.

    ``TRADESIM_HOME`` where it is set; else ``data/`` of the repository if the current folder is in a checkout of
    tradesim; else the user's cache folder.
    """
    home = _chosen_home()
    home.mkdir(parents=True, exist_ok=True)
    return home


def _chosen_home() -> Path:
    named = os.environ.get("TRADESIM_HOME")
    if named:
        return Path(named).expanduser()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "tradesim" / "home.py").is_file() and (folder / "pyproject.toml").is_file():
            return folder / "data"
    return platformdirs.user_cache_path("tradesim")


def place_compiled_code() -> None:
    """Choose where compiled code is kept, if not in the package's folder, which may be read-only.

    ``NUMBA_CACHE_DIR`` where it is set; else the data home; else a temporary folder, until this process ends.

    Raises :class:`~tradesim.errors.ArgumentError` where none can be written.
    """
    if os.access(PACKAGE, os.W_OK):
        return
    named = os.environ.get(COMPILED)
    places = ([Path(named)] if named else []) + [_chosen_home() / "numba"]
    folder = str(next(filter(_can_be_written, places), None) or _temporary())
    os.environ[COMPILED] = folder
    if "numba" in sys.modules:
        sys.modules["numba"].config.CACHE_DIR = folder


def _can_be_written(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _temporary() -> Path:
    """A folder of this process and those that it starts."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="tradesim-"))
    except OSError:
        raise ArgumentError(
            f"{PACKAGE}: no compiled code can be kept here, in the data home or in a temporary folder; set "
            "TRADESIM_HOME to a folder that can be written"
        ) from None
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
