"""What can go wrong, as a tree.

::

    TradesimError            every error that is the input's fault; the command line prints it and exits with 2
    +-- ArgumentError        an argument outside its rule
    +-- TapeError            a tape that breaks a rule of the tape
    +-- SourceError          a vendor's file that is not of its format
    +-- ProblemError         a pricing problem that the reference refuses
    +-- StoreError           a results database that cannot be read or written
    +-- PackageError         a package of an extra that is not installed

Every message says what was got, the rule, and what to do.
"""

from enum import StrEnum
from typing import TypeVar

Choice = TypeVar("Choice", bound=StrEnum)


class TradesimError(Exception):
    """Base of every error that is the input's fault."""


class ArgumentError(TradesimError, ValueError):
    """An argument outside its rule."""


class TapeError(TradesimError, ValueError):
    """A tape that breaks a rule of the tape."""


class SourceError(TradesimError, ValueError):
    """A vendor's file that is not of its format."""


class ProblemError(TradesimError, ValueError):
    """A pricing problem that the reference refuses."""


class StoreError(TradesimError, RuntimeError):
    """A results database that cannot be read or written."""


class PackageError(TradesimError, ImportError):
    """A package of an extra that is not installed."""


def one_of(choices: type[Choice], got: str, what: str) -> Choice:
    """The member of ``choices`` that ``got`` names; else ``ArgumentError`` lists them."""
    try:
        return choices(got)
    except ValueError:
        raise ArgumentError(f"{what} {got!r}: it is one of {', '.join(choices)}") from None
