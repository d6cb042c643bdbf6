"""Python of the user's own, a strategy or a reader: named, loaded, and blamed for its own errors."""

import hashlib
import importlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from tradesim.errors import ArgumentError, TradesimError


def load_file(path: Path | str, *, kind: str, defines: str) -> ModuleType:
    """The module of the Python file at ``path``, known to Python by its ``kind`` and name.

    Nothing is written beside the file, and modules that lie there can be imported by it. What it defines can be sent to
    other processes.

    Raises :class:`~tradesim.errors.ArgumentError` for a file that is missing (saying what it ``defines``) or fails.
    """
    from cloudpickle import register_pickle_by_value

    path = Path(path).absolute()
    if path.suffix != ".py" or not path.is_file():
        raise ArgumentError(f"{path}: there is no such Python file; give a .py file that defines {defines}")
    name = f"{kind}_{path.stem}_{hashlib.blake2b(str(path).encode(), digest_size=4).hexdigest()}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    register_pickle_by_value(module)
    _make_importable(path.parent)
    try:
        with blamed_on(path, kind=kind):
            exec(compile(path.read_bytes(), path, "exec"), module.__dict__)
    except TradesimError:
        raise
    except (Exception, SystemExit) as error:
        raise ArgumentError(f"{path}: it fails when loaded: {said(error)}; mend the file") from error
    return module


def load_module(name: str) -> ModuleType:
    """The module ``name``: an installed one, or one of the current folder.

    Raises :class:`~tradesim.errors.ArgumentError` for one that is missing or fails.
    """
    _make_importable(Path.cwd())
    try:
        return importlib.import_module(name)
    except TradesimError:
        raise
    except (Exception, SystemExit) as error:
        raise ArgumentError(
            f"{name}: it cannot be imported: {said(error)}; name a module that is installed or in this folder"
        ) from error


@contextmanager
def blamed_on(path: Path | str, *, kind: str) -> Iterator[None]:
    """Turn an error that the code of the file at ``path`` raises into an ``ArgumentError`` naming its line.

    ``kind`` is what the file holds. An error that did not pass through the file is raised as it is.
    """
    try:
        yield
    except TradesimError:
        raise
    except Exception as error:
        file = str(Path(path).absolute())
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
        if not lines:
            raise
        raise ArgumentError(f"{file}, line {lines[-1]}: the {kind} fails: {said(error)}; mend it there") from error


def said(error: BaseException) -> str:
    """An error of foreign code in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def _make_importable(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
