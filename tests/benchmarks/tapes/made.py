"""What made markets share: instants, and what their makers hold an option for."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from scipy.special import ndtr

SECOND = 10**9
YEAR = 365 * 86400e9


def instant(local: str, zone: str = "UTC") -> int:
    """``local`` in ``zone``, ns since the epoch."""
    return int(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).timestamp()) * SECOND


def black(forward: Any, strike: float, years: Any, volatility: float, sign: int) -> Any:
    """Black-76 without discounting; ``sign`` is +1 of a call, -1 of a put."""
    deviation = volatility * np.sqrt(years)
    d = np.log(forward / strike) / deviation + deviation / 2
    return sign * (forward * ndtr(sign * d) - strike * ndtr(sign * (d - deviation)))
