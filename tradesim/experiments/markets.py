"""Markets by name: what is generated, and what is usual on it, each figure with its source.

A figure that no source gives is *assumed*, and says so.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from tradesim.errors import ArgumentError
from tradesim.market.parameters import MARKETS as PROBLEMS_OF_MARKETS
from tradesim.market.parameters import SyntheticMarket
from tradesim.simulation.hedging import DeltaHedge
from tradesim.simulation.latency import LogNormal
from tradesim.simulation.session import Setting
from tradesim.simulation.strategy import TakeRule
from tradesim.simulation.venue_rules import Fees, VenueRules
from tradesim.simulation.volatility import Schedule
from tradesim.simulation.wires import Wires
from tradesim.units import MICROSECOND, MILLISECOND, SECOND

EQUITY_YEAR: Final = 252 * 6.5 * 3600.0
"""Seconds in which US equities trade in a year."""

FIXING_DAYS: Final = (30, 60, 90)
"""Lives of Asian options: twelve fixings a day apart, or more."""


@dataclass(frozen=True, kw_only=True)
class NamedMarket:
    """A generated market, and what is usual on it.

    ``says``     what it is, in one line
    ``market``   its parameters
    ``setting``  wires, fees, rules of the venue, and the schedule of slow inputs
    ``rule``     by which a desk takes; ``hedge`` how it trades the underlying against its delta, None: not at all
    ``seconds``  in which it trades in a year: what realised volatility is annualised by
    ``sources``  of its figures, a line each
    """

    name: str
    says: str
    market: SyntheticMarket
    setting: Setting = field(default_factory=Setting)
    rule: TakeRule = field(default_factory=TakeRule)
    hedge: DeltaHedge | None = None
    seconds: float
    sources: tuple[str, ...]

    def of(self, problem: str) -> SyntheticMarket:
        """Its parameters for options that ``problem`` prices; Asian ones live long enough for their fixings."""
        if problem == "asian":
            return replace(self.market, problem=problem, expiries=FIXING_DAYS)
        return replace(self.market, problem=problem)


TEACHING: Final = NamedMarket(
    name="teaching",
    says="a stock of 100 with large jumps, stale quotes and no rival: every effect is big, and nobody would believe it",
    market=SyntheticMarket(),
    seconds=EQUITY_YEAR,
    sources=("all figures assumed: they are chosen to show each effect in two minutes of market",),
)

US_EQUITY_OPTIONS: Final = NamedMarket(
    name="us-equity-options",
    says="American options on a large US fund that is quoted in pennies, one rival, makers who break even",
    market=SyntheticMarket(
        duration=600 * SECOND,
        spot=500.0,
        base=8.0,
        tick_probability=0.004,
        jump_probability=0.0128,
        jump_mean=0.064,
        transient_probability=0.0009,
        transient_mean=0.08,
        transient_life=250 * MILLISECOND,
        level=0.22,
        skew=1.2,
        curvature=3.0,
        leverage=3.0,
        level_interval=2 * SECOND,
        level_step=0.001,
        strikes=(485.0, 490.0, 495.0, 500.0, 505.0, 510.0, 515.0),
        expiries=(2, 9, 30),
        rate=0.043,
        dividend=0.006,
        half_spread_least=0.012,
        half_spread_share=0.001,
        delay_fixed=20 * MICROSECOND,
        delay_median=50 * MICROSECOND,
        delay_sigma=1.2,
        noise_rate=12.0,
        noise_size=10,
        rival_share=0.25,
        rival_edge=0.01,
        rival_fixed=25 * MICROSECOND,
        rival_median=30 * MICROSECOND,
        rival_sigma=1.0,
    ),
    setting=Setting(
        wires=Wires(
            feed=LogNormal(floor=8 * MICROSECOND, median=5 * MICROSECOND, sigma=0.3),
            entry=LogNormal(floor=15 * MICROSECOND, median=8 * MICROSECOND, sigma=0.4),
            response=LogNormal(floor=15 * MICROSECOND, median=8 * MICROSECOND, sigma=0.4),
        ),
        fees=Fees(taker=0.005, maker=-0.0041, underlying=0.003),
        venue=VenueRules(tick=0.01, underlying_tick=0.01),
        schedule=Schedule(every=2 * SECOND),
    ),
    rule=TakeRule(edge=0.005, cap=50),
    hedge=DeltaHedge(),
    seconds=EQUITY_YEAR,
    sources=(
        "fees: Cboe C2 fee schedule of 28 October 2024, penny classes: 0.50 USD a contract of 100 to remove, 0.41 USD "
        "to a market maker who adds (some large funds have rates of their own)",
        "fee of the underlying: 0.0030 USD a share, the cap on access fees of Rule 610(c) of Regulation NMS",
        "ticks: SPY, QQQ and IWM options are quoted in 0.01 USD at every price under the Penny Interval Program",
        "spot, volatility, rate, yield: assumed, about those of QQQ in 2024 and 2025",
        "moves: the rate of moves and their sizes are assumed, such that realised volatility is the implied one over "
        "252 days of 6.5 hours; the mid of a real fund makes more and smaller moves",
        "arrivals: assumed, 20 a second, clustered; a real feed has more, most of which nobody acts on",
        "transients: Hasbrouck (2013), High frequency quoting, SSRN 2237499: quotes vary about four times as much at "
        "50 ms as fundamentals account for; rate, size and life assumed",
        "leverage: assumed: a fall of 1 % raises volatility by 3 %, about the slope of the smile; steps of the level: "
        "1.7 a year in trading time, assumed, near the volatility of short-dated implied volatility",
        "wires: assumed, a desk in the venue's data centre: 13 us of feed, 23 us to the matching engine",
        "reactions: assumed, makers from 20 us on with median 70 us, the rival from 25 us on with median 55 us; in "
        "Aquilina, Budish and O'Neill (2022), QJE 137, races come once a minute and symbol and last mostly 5 to 10 us",
        "noise: assumed, 66 contracts a second over 42 contracts; a fund of this kind trades some millions a day",
        "half-spreads: found by `tradesim balance`: what makers earn from noise is what takers cost them",
        "the rival notices one change in four of each contract: assumed",
    ),
)

MARKETS: Final[dict[str, NamedMarket]] = {each.name: each for each in (US_EQUITY_OPTIONS, TEACHING)}
"""Every market, by the name it has on the command line."""

DEFAULT: Final = US_EQUITY_OPTIONS.name


def market_named(name: str) -> NamedMarket:
    """The market called ``name``; ``ArgumentError`` lists the names there are."""
    if name not in MARKETS:
        raise ArgumentError(f"market {name!r}: there is no such market; choose one of {', '.join(MARKETS)}")
    return MARKETS[name]


def name_of(market: SyntheticMarket) -> str | None:
    """The name under which ``market`` is known, for whichever problem; None where it is one of the user's own."""
    known = (each.name for each in MARKETS.values() if market in map(each.of, PROBLEMS_OF_MARKETS))
    return next(known, None)
