"""What holds for every listed American option on a stock or an index, and no vendor's quotes tell."""

from string import digits
from typing import Final

from tradesim.market.chain import AMERICAN, EUROPEAN

SHARES: Final = 100
"""Units of the underlying in a standard contract."""

EUROPEAN_ROOTS: Final = frozenset(
    {
        *("DJX", "MRUT", "MXEA", "MXEF", "NDX", "NDXP", "NQX", "RUT", "RUTW", "SPESG", "SPX", "SPXW"),
        *("VIX", "VIXW", "XEO", "XND", "XSP"),
    }
)
"""Roots of index options that are exercised at expiry alone; those of stocks, funds and OEX are American."""

SECOND_ROOTS: Final = {"NDXP": "NDX", "RUTW": "RUT", "SPXW": "SPX", "VIXW": "VIX"}
"""Roots of options on an index whose first ones are named like it."""


MORNING_ROOTS: Final = frozenset({"DJX", "NDX", "RUT", "SPX", "VIX", "VIXW"})
"""Roots of index options that are settled on the opening prices of the day on which they expire."""


def occ_symbol(root: str, expiry: str, right: str, strike: int) -> str:
    """As the Options Clearing Corporation spells a contract: root, ``yyyymmdd``, ``C`` or ``P``, strike x 1,000.

    >>> occ_symbol("GOOG", "20151224", "C", 1_000_000), occ_symbol("BRK.B", "20151224", "P", 130_000)
    ('GOOG  151224C01000000', 'BRKB  151224P00130000')
    """
    return f"{letters(root):<6}{expiry[2:]}{right}{strike:08d}"


def letters(symbol: str) -> str:
    """Letters and digits of a symbol alone: what roots have of those of shares of a class, ``BRK.B``."""
    return "".join(filter(str.isalnum, symbol))


def is_standard(root: str) -> bool:
    """Whether contracts of ``root`` are those of :data:`SHARES` units.

    A digit at the end is that of contracts adjusted after a corporate action, or of small ones, which deliver something
    else; before the letters it is that of flexible ones, whose style it tells.

    >>> [is_standard(root) for root in ("AAPL", "BRK.B", "AAPL1", "AMZN7", "2SPX")]
    [True, True, False, False, False]
    """
    return not any(map(str.isdigit, root))


def underlying_of(root: str) -> str:
    """The ticker of what contracts of ``root`` are on.

    >>> underlying_of("SPXW"), underlying_of("SPX"), underlying_of("AAPL1")
    ('SPX', 'SPX', 'AAPL')
    """
    first = root.strip(digits)
    return SECOND_ROOTS.get(first, first)


def style_of(root: str) -> int:
    """How contracts of ``root`` are exercised.

    >>> style_of("SPXW") == EUROPEAN, style_of("SPY") == AMERICAN
    (True, True)
    """
    return EUROPEAN if root in EUROPEAN_ROOTS else AMERICAN
