"""Arrays kept in one file, with what they are as JSON beside them in it: NumPy's archive, without pickle."""

import json
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import StoreError
from tradesim.methods.built import digest, written_whole

ABOUT: Final = "about"

Arrays = dict[str, NDArray[Any]]


def save_arrays(path: Path, about: dict[str, object], arrays: Arrays) -> None:
    """Write the file whole or not at all; ``about`` is what JSON can hold."""
    text = json.dumps(about | {"digest": digest(*arrays.values())})
    with written_whole(path) as part, part.open("wb") as file:
        np.savez(file, allow_pickle=False, **{ABOUT: np.array(text)}, **arrays)


def load_arrays(path: Path, what: str) -> tuple[dict[str, Any], Arrays]:
    """What is kept at ``path``; ``StoreError`` where it is missing, or is not what was written."""
    if not path.is_file():
        raise StoreError(f"{path}: there is no {what}; build it")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        about = json.loads(str(arrays.pop(ABOUT)))
        intact = about["digest"] == digest(*arrays.values())
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise StoreError(f"{path}: cannot be read as a {what} ({error}); delete the file and build again") from error
    if not intact:
        raise StoreError(f"{path}: is not the {what} that was written; delete the file and build again")
    return about, arrays
