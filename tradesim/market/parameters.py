"""The parameters of a generated market, each held to its rule."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from numbers import Integral, Real
from typing import Any, Final

import numpy as np

from tradesim.errors import ArgumentError
from tradesim.market.chain import AMERICAN, CALL, EUROPEAN, PUT, Chain
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Floats
from tradesim.units import DAY, MICROS, MICROSECOND, MILLISECOND, SECOND

TICK: Final = 10_000
"""Micros in the usual tick, 0.01."""

LARGEST_UNDERLYING_SIZE: Final = 500
"""Lots: each side of an underlying quote is uniform from 1 to this."""

UNDERLYING_NAME: Final = "SYN"

MARKETS: Final = ("american", "european", "heston", "asian")
"""Problems by which makers can price."""


_SLACK: Final = 1e-3
"""Of a micro: further from a whole number of them, an amount is none."""


def _real(value: Any) -> bool:
    return isinstance(value, Real) and math.isfinite(value)


def _is_on_grid(price: Any, tick: float) -> bool:
    """Whether ``price`` is a whole number of ticks, two at least."""
    if not _real(price):
        return False
    count = price / tick
    return bool(round(count) >= 2 and abs(count - round(count)) * tick * MICROS < _SLACK)


def _whole(value: Any) -> bool:
    return isinstance(value, Integral)


def _ascending(values: Any, each: Callable[[Any], bool]) -> bool:
    if not isinstance(values, tuple) or not all(map(each, values)):
        return False
    return len(values) > 0 and values[0] > 0 and all(a < b for a, b in pairwise(values))


_RULES: Final[tuple[tuple[str, Callable[[Any], bool], str], ...]] = (
    ("base decay jump_mean level transient_mean", lambda x: _real(x) and x > 0, "positive and finite"),
    (
        "level_reversion level_step half_spread_least noise_rate leverage rival_edge",
        lambda x: _real(x) and x >= 0,
        "finite and not negative",
    ),
    ("skew curvature rate dividend", _real, "finite"),
    ("delay_sigma rival_sigma", lambda x: _real(x) and 0 <= x <= 5, "between 0 and 5"),
    ("branching half_spread_share", lambda x: _real(x) and 0 <= x < 1, "at least 0 and below 1"),
    (
        "tick_probability jump_probability transient_probability rival_share",
        lambda x: _real(x) and 0 <= x <= 1,
        "between 0 and 1",
    ),
    (
        "duration level_interval multiplier maker_size noise_size transient_life",
        lambda x: _whole(x) and x > 0,
        "a positive whole number",
    ),
    (
        "start delay_fixed delay_median refill_delay rival_fixed rival_median",
        lambda x: _whole(x) and x >= 0,
        "a whole number, not negative",
    ),
    (
        "tick option_tick",
        lambda x: _real(x) and round(x * MICROS) >= 1 and abs(x * MICROS - round(x * MICROS)) < _SLACK,
        "a whole number of millionths, one at least",
    ),
    ("currency", lambda x: isinstance(x, str) and x.isalnum(), "letters and digits"),
    ("problem", lambda x: x in MARKETS, f"one of {', '.join(MARKETS)}"),
    ("strikes", lambda x: _ascending(x, _real), "a tuple of positive numbers, ascending"),
    ("expiries", lambda x: _ascending(x, _whole), "a tuple of positive whole days, ascending"),
)
"""Names, what must hold, and how to say it."""


@dataclass(frozen=True, kw_only=True)
class QuotedMarket:
    """What any market with modelled makers says of them, of the level of volatility and of noise trades.

    *Volatility.* The level steps every ``level_interval`` ns and is constant between: its logarithm is an AR(1) process
    around that of its mean, which forgets at ``level_reversion`` a second, with normal shocks of standard deviation
    ``level_step``.

    *The makers.* After each change of what a contract is worth, its maker requotes with a delay of ``delay_fixed`` ns
    plus a lognormal of median ``delay_median`` ns and log standard deviation ``delay_sigma``, in the order of the
    changes; ``maker_size`` lots a side.

    *Noise trades* come as a Poisson process of ``noise_rate`` a second over the chain; each takes 1 to ``noise_size``
    lots of a side of a contract; the maker refills the quote ``refill_delay`` ns later.

    Raises :class:`~tradesim.errors.ArgumentError` for a parameter outside its rule.
    """

    level_interval: int = SECOND
    level_reversion: float = 1 / 600
    level_step: float = 0.0005

    delay_fixed: int = 50 * MICROSECOND
    delay_median: int = 100 * MICROSECOND
    delay_sigma: float = 1.3
    maker_size: int = 10

    noise_rate: float = 2.0
    noise_size: int = 5
    refill_delay: int = 20 * MILLISECOND

    def __post_init__(self) -> None:
        """Hold every parameter to its rule."""
        for names, holds, rule in _RULES:
            for name in filter(self.__dataclass_fields__.__contains__, names.split()):
                value = getattr(self, name)
                if not holds(value):
                    raise ArgumentError(f"{name} is {value!r}: it must be {rule}")


@dataclass(frozen=True, kw_only=True)
class SyntheticMarket(QuotedMarket):
    """The parameters of a generated market. Amounts are in currency, probabilities are per arrival.

    *The tape.* ``start`` ns since the epoch; ``duration`` ns; ``currency`` by its name.

    *The underlying.* Quote events arrive as a Hawkes process: ``base`` a second, ``branching`` children each, ``decay``
    a second. An arrival moves the price by one ``tick`` (currency) with ``tick_probability``; or it is a jump, with
    ``jump_probability``, of an exponential size of mean ``jump_mean``, rounded to ticks, at least one; either sign
    is as likely as the other. Any other arrival only changes the sizes. ``spot`` is the mid at the start; bid and ask
    are one tick away from it.

    *Transients.* With ``transient_probability`` an arrival displaces the quoted mid by an exponential amount of mean
    ``transient_mean``, rounded to ticks, at least one, of either sign, for an exponential life of mean
    ``transient_life`` ns, at whose end the quotes come back; several at once add up. The efficient price, which is the
    latent spot and what makers price by, does not move. At subsecond horizons real quotes vary more than their later
    prices account for: Hasbrouck, "High frequency quoting: short-term volatility in bids and offers", Journal of
    Financial and Quantitative Analysis 53 (2018).

    *Volatility.* The mean of its level is ``level`` a year. A contract's volatility is the level times
    ``1 - skew k + curvature k^2``, where ``k`` is ``ln(strike / spot)`` at the start. Beside its own steps, the
    logarithm of the level moves by ``-leverage`` times that of the efficient price, at the same instant. The
    underlying's moves do not depend on the level: the defaults are a busy stretch, as after an opening, which moves
    several times as much as the options' volatility expects of an average second.

    *The chain.* A call and a put for each of ``strikes`` and each of ``expiries`` (days after the start), priced by
    ``problem`` (``american``, ``european``, ``heston``, ``asian``), with ``multiplier``; ``rate`` and ``dividend``
    yield a year, continuously compounded. Prices are whole ``option_tick``s (currency).

    *The makers.* The half-spread is the larger of ``half_spread_least`` (currency) and ``half_spread_share`` of the
    price; the rest of them, and noise trades, as in :class:`QuotedMarket`.

    *The rival* is another taker. It notices a change of what a contract is worth with probability ``rival_share``;
    after ``rival_fixed`` ns and a lognormal of median ``rival_median`` ns and log standard deviation ``rival_sigma`` it
    takes all that is shown on a side of the contract whose price is off that value by ``rival_edge`` (currency a unit,
    its fees among it) or more: nothing where the maker has requoted first.

    Raises :class:`~tradesim.errors.ArgumentError` for a parameter outside its rule.
    """

    start: int = int(datetime(2026, 1, 5, 14, 30, tzinfo=UTC).timestamp()) * SECOND
    duration: int = 120 * SECOND
    currency: str = "USD"

    spot: float = 100.0
    base: float = 20.0
    branching: float = 0.6
    decay: float = 50.0
    tick_probability: float = 0.03
    jump_probability: float = 0.01
    jump_mean: float = 0.045
    tick: float = TICK / MICROS

    transient_probability: float = 0.0
    transient_mean: float = 0.05
    transient_life: int = 200 * MILLISECOND

    level: float = 0.5
    skew: float = 0.3
    curvature: float = 1.0
    leverage: float = 0.0

    strikes: tuple[float, ...] = (85.0, 90.0, 95.0, 100.0, 105.0, 110.0, 115.0)
    expiries: tuple[int, ...] = (7, 30, 90)
    problem: str = "american"
    multiplier: int = 100
    rate: float = 0.045
    dividend: float = 0.0
    option_tick: float = TICK / MICROS

    half_spread_least: float = 0.01
    half_spread_share: float = 0.003

    rival_share: float = 0.0
    rival_edge: float = 0.01
    rival_fixed: int = 25 * MICROSECOND
    rival_median: int = 50 * MICROSECOND
    rival_sigma: float = 1.0

    def __post_init__(self) -> None:
        """Hold every parameter to its rule."""
        super().__post_init__()
        if not _is_on_grid(self.spot, self.tick):
            raise ArgumentError(
                f"spot is {self.spot!r}: it must be a whole number of ticks of {self.tick:g}, two at least"
            )
        if self.tick_probability + self.jump_probability > 1.0:
            raise ArgumentError(
                f"tick_probability + jump_probability is {self.tick_probability + self.jump_probability}: "
                "they must sum to at most 1"
            )
        if self.duration >= min(self.expiries) * DAY:
            raise ArgumentError(
                f"duration is {self.duration} ns: it must end before the first of expiries, {min(self.expiries)} days"
            )

        if self.rate < 0.0 and self.dividend < 0.0 and self.rate != self.dividend:
            raise ArgumentError(
                f"rate is {self.rate!r} and dividend {self.dividend!r}: one of them must not be negative, or both the "
                "same, or American options have two exercise boundaries"
            )
        if self.smile().min() <= 0.0:
            raise ArgumentError(
                f"skew is {self.skew!r} and curvature {self.curvature!r}: the smile 1 - skew k + curvature k^2 "
                "must be positive at each strike; flatten it"
            )

    def chain(self) -> Chain:
        """The contracts, in order of expiry, strike and right (call first)."""
        terms = [(days, strike, right) for days in self.expiries for strike in self.strikes for right in (CALL, PUT)]
        days, strikes, rights = zip(*terms, strict=True)
        return Chain(
            name=tuple(self._contract_name(*term) for term in terms),
            strike=np.array(strikes, dtype=np.float64),
            expiry=self.start + DAY * np.array(days, dtype=np.int64),
            right=np.array(rights, dtype=np.int8),
            style=np.full(len(terms), AMERICAN if PROBLEMS[self.problem].early else EUROPEAN, dtype=np.int8),
            multiplier=np.full(len(terms), self.multiplier, dtype=np.int64),
        )

    def smile(self) -> Floats:
        """Each contract's volatility divided by the level: float64[n], in the order of the chain."""
        moneyness = np.log(self.chain().strike / self.spot)
        return 1.0 - self.skew * moneyness + self.curvature * moneyness**2

    def _contract_name(self, days: int, strike: float, right: int) -> str:
        """As the Options Clearing Corporation spells it: root, date, right, strike in thousandths."""
        date = datetime.fromtimestamp(self.start // SECOND, UTC) + timedelta(days=days)
        return f"{UNDERLYING_NAME}{date:%y%m%d}{'C' if right == CALL else 'P'}{round(strike * 1000):08d}"
