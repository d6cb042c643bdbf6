"""Packages that are not in the core of the installation, and the extra that brings each."""

from collections.abc import Iterator
from contextlib import contextmanager

from tradesim.errors import PackageError


@contextmanager
def extra(name: str, needs: str) -> Iterator[None]:
    """Around the imports of packages that the extra ``name`` brings; ``needs`` says what needs which package.

    Raises :class:`~tradesim.errors.PackageError` where one is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise PackageError(f"{needs}; pip install 'tradesim[{name}]'") from error
