"""The data home: where grids, models, profiles, generated tapes and results are kept."""

import os
from pathlib import Path

import platformdirs


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
