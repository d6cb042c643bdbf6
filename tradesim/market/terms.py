"""What is said once about a whole tape, and the rules of it and of the chain."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tradesim.errors import TapeError
from tradesim.market.chain import AMERICAN, CALL, EUROPEAN, PUT, Chain
from tradesim.market.sessions import SESSION_GAP, Hours


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What is said once about a whole tape; each as in :class:`~tradesim.market.tape.Tape`."""

    underlying: str
    currency: str
    source: str
    lot: float = 1.0
    unit: int = 1
    rate: float = 0.0
    dividend: float = 0.0
    resolution: int = 1
    session_gap: int = SESSION_GAP
    hours: Hours = ()
    signed: bool = False
    problem: str = ""


_CHAIN_LAWS: Final[dict[str, tuple[str, Callable[[NDArray[Any]], NDArray[np.bool_]]]]] = {
    "strike": ("a strike must be finite and positive", lambda x: np.isfinite(x) & (x > 0)),
    "expiry": ("an expiry must be a positive number of ns since the epoch", lambda x: x > 0),
    "right": (f"a right must be {CALL} (call) or {PUT} (put)", lambda x: np.isin(x, [CALL, PUT])),
    "style": (
        f"a style must be {EUROPEAN} (european) or {AMERICAN} (american)",
        lambda x: np.isin(x, [EUROPEAN, AMERICAN]),
    ),
    "multiplier": ("a multiplier must be positive", lambda x: x > 0),
    "morning": ("morning must be true or false", lambda x: np.isin(x, [False, True])),
}


def check_terms(terms: Terms, where: str) -> None:
    """Raise :class:`~tradesim.errors.TapeError` for terms outside their rules."""
    for name in ("underlying", "currency", "source"):
        value = getattr(terms, name)
        if not isinstance(value, str) or not value or not value.isprintable():
            raise TapeError(f"{where}: {name} is {value!r}; it must be a text of one line")
    for name in ("lot", "rate", "dividend"):
        value = getattr(terms, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            raise TapeError(f"{where}: {name} is {value!r}; it must be a finite number")
    if terms.lot <= 0:
        raise TapeError(f"{where}: lot is {terms.lot!r}; it must be positive")
    for name, of in (("resolution", " of ns"), ("session_gap", " of ns"), ("unit", "")):
        value = getattr(terms, name)
        if not isinstance(value, int) or value < 1:
            raise TapeError(f"{where}: {name} is {value!r}; it must be a whole number{of}, at least 1")
    instants = [instant for session in terms.hours for instant in session]
    if any(len(session) != 2 for session in terms.hours) or any(a >= b for a, b in pairwise(instants)):
        raise TapeError(f"{where}: hours are {terms.hours[:2]}...; they must be openings and closings in order of time")


def check_chain(chain: Chain, where: str) -> None:
    """Raise :class:`~tradesim.errors.TapeError` for a contract outside its rules; an empty chain is legal."""
    lengths = {column: len(getattr(chain, column)) for column in ("name", *_CHAIN_LAWS)}
    if len(set(lengths.values())) > 1:
        raise TapeError(f"{where}: the columns of the chain have lengths {lengths}; they must have one length")
    for column, (law, holds) in _CHAIN_LAWS.items():
        values = getattr(chain, column)
        bad = np.flatnonzero(~holds(values))
        if len(bad):
            raise TapeError(f"{where}: {column} of contract {chain.name[bad[0]]} is {values[bad[0]]}; {law}")
    twice = [name for name, count in Counter(chain.name).items() if count > 1]
    if twice:
        raise TapeError(f"{where}: contract {twice[0]} is on the chain twice; a name must be unique")
