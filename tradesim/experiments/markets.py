"""Markets by name: what is generated, and what is usual on it, each figure with its source.

A figure that no source gives is *assumed*, and says so.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from tradesim.errors import ArgumentError
from tradesim.market.parameters import MARKETS as PROBLEMS_OF_MARKETS
from tradesim.market.parameters import SyntheticMarket
from tradesim.pricing import PROBLEMS
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

EUREX_YEAR: Final = 252 * 8.5 * 3600.0
"""Seconds in which options trade at Eurex in a year."""

COIN_YEAR: Final = 365 * 24 * 3600.0
"""Seconds in a year that never closes."""


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
        """Its parameters for options that ``problem`` prices, which live long enough for it."""
        days = PROBLEMS[problem].listed_days or self.market.expiries
        return replace(self.market, problem=problem, expiries=days)


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
        jump_probability=0.014,
        jump_mean=0.061,
        transient_probability=0.0009,
        transient_mean=0.08,
        transient_life=250 * MILLISECOND,
        level=0.22,
        skew=1.2,
        curvature=3.0,
        leverage=3.0,
        level_interval=5 * SECOND,
        level_step=0.001,
        strikes=(380.0, 410.0, 440.0, 470.0, 490.0, 500.0, 510.0),
        expiries=(7, 14, 30),
        rate=0.043,
        dividend=0.006,
        half_spread_least=0.008,
        half_spread_share=0.0016,
        delay_fixed=20 * MICROSECOND,
        delay_median=50 * MICROSECOND,
        delay_sigma=1.2,
        noise_rate=1.85,
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
        schedule=Schedule(every=5 * SECOND, settle=500 * MILLISECOND),
    ),
    rule=TakeRule(edge=0.01, cap=10),
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
        "1.1 a year in trading time, assumed, near the volatility of short-dated implied volatility",
        "wires: assumed, a desk in the venue's data centre: 13 us of feed, 23 us to the matching engine",
        "reactions: assumed, makers from 20 us on with median 70 us, the rival from 25 us on with median 55 us; in "
        "Aquilina, Budish and O'Neill (2022), QJE 137, races come once a minute and symbol and last mostly 5 to 10 us",
        "noise: assumed, 10 contracts a second over 42 contracts; a fund of this kind trades some millions a day",
        "half-spreads: found by `tradesim balance`: what makers earn from noise is what takers cost them",
        "the rival notices one change in four of each contract: assumed",
    ),
)

INDEX_OPTIONS: Final = NamedMarket(
    name="index-options",
    says="European options on a large European index, hedged in its future, at one exchange with one data centre",
    market=SyntheticMarket(
        problem="european",
        currency="EUR",
        duration=3600 * SECOND,
        spot=5000.0,
        tick=0.5,
        option_tick=0.1,
        base=4.0,
        tick_probability=0.0025,
        jump_probability=0.0042,
        jump_mean=1.0,
        transient_probability=0.0004,
        transient_mean=1.2,
        transient_life=250 * MILLISECOND,
        level=0.17,
        skew=1.5,
        curvature=3.0,
        leverage=4.0,
        level_interval=10 * SECOND,
        level_step=0.0006,
        strikes=(4550.0, 4700.0, 4850.0, 4950.0, 5000.0, 5050.0, 5150.0),
        expiries=(7, 30, 90),
        multiplier=10,
        rate=0.02,
        dividend=0.03,
        half_spread_least=0.2,
        half_spread_share=0.0048,
        delay_fixed=25 * MICROSECOND,
        delay_median=50 * MICROSECOND,
        delay_sigma=1.0,
        maker_size=50,
        noise_rate=1.4,
        noise_size=20,
        rival_share=0.25,
        rival_edge=0.15,
        rival_fixed=30 * MICROSECOND,
        rival_median=30 * MICROSECOND,
        rival_sigma=0.8,
    ),
    setting=Setting(
        wires=Wires(
            feed=LogNormal(floor=6 * MICROSECOND, median=4 * MICROSECOND, sigma=0.3),
            entry=LogNormal(floor=20 * MICROSECOND, median=7 * MICROSECOND, sigma=0.4),
            response=LogNormal(floor=20 * MICROSECOND, median=7 * MICROSECOND, sigma=0.4),
        ),
        fees=Fees(taker=0.035, maker=0.02, underlying=0.035),
        venue=VenueRules(tick=0.1, underlying_tick=0.5),
        schedule=Schedule(every=10 * SECOND, settle=500 * MILLISECOND),
    ),
    rule=TakeRule(edge=0.2, cap=200),
    hedge=DeltaHedge(band=100.0),
    seconds=EUREX_YEAR,
    sources=(
        "contract: EURO STOXX 50 index options at Eurex: European, 10 EUR a point, quoted in 0.1 points",
        "wires: Eurex, Insights into Trading System Dynamics: a round trip of options through T7 took 54 us at the "
        "median in 2019, of which half is laid to each way; 10 us of feed assumed",
        "half-spreads: found by `tradesim balance`; at Eurex these options were quoted 0.6 to 0.8 points wide at the "
        "money on 27 January 2015, the index at 3430",
        "fees: assumed, 0.35 EUR a contract for takers, 0.20 EUR for makers, 0.35 EUR a future",
        "underlying: the future, quoted one point wide; assumed to move by half points",
        "spot, volatility, rate, yield: assumed, about those of the EURO STOXX 50 in 2024 and 2025",
        "moves and arrivals: assumed, such that realised volatility is the implied one over 252 days of 8.5 hours",
        "transients, leverage, steps of the level, noise, the rival's share, sizes: assumed",
        "reactions: assumed, makers from 25 us on with median 75 us, the rival from 30 us on with median 60 us",
    ),
)

COIN_OPTIONS: Final = NamedMarket(
    name="coin-options",
    says="European options on a coin, linear (quoted and settled in USD) as at Bybit, open day and night, wires of ms",
    market=SyntheticMarket(
        problem="european",
        duration=14_400 * SECOND,
        spot=100_000.0,
        tick=0.5,
        option_tick=5.0,
        base=1.2,
        tick_probability=0.002,
        jump_probability=0.003,
        jump_mean=66.0,
        transient_probability=0.0002,
        transient_mean=100.0,
        transient_life=SECOND,
        level=0.5,
        skew=0.2,
        curvature=1.5,
        leverage=1.0,
        level_interval=60 * SECOND,
        level_step=0.001,
        strikes=(85_000.0, 90_000.0, 95_000.0, 100_000.0, 105_000.0, 110_000.0, 115_000.0),
        expiries=(2, 7, 30),
        multiplier=1,
        rate=0.04,
        half_spread_least=21.0,
        half_spread_share=0.0105,
        delay_fixed=1500 * MICROSECOND,
        delay_median=3 * MILLISECOND,
        delay_sigma=1.0,
        maker_size=5,
        noise_rate=0.05,
        noise_size=3,
        rival_share=0.25,
        rival_edge=40.0,
        rival_fixed=1500 * MICROSECOND,
        rival_median=2 * MILLISECOND,
        rival_sigma=0.8,
    ),
    setting=Setting(
        wires=Wires(
            feed=LogNormal(floor=500 * MICROSECOND, median=500 * MICROSECOND, sigma=0.5),
            entry=LogNormal(floor=MILLISECOND, median=MILLISECOND, sigma=0.5),
            response=LogNormal(floor=MILLISECOND, median=MILLISECOND, sigma=0.5),
        ),
        fees=Fees(taker=30.0, maker=0.0, underlying=50.0),
        venue=VenueRules(tick=5.0, underlying_tick=0.5),
        schedule=Schedule(every=60 * SECOND, settle=2 * SECOND),
    ),
    rule=TakeRule(edge=15.0, cap=25),
    hedge=DeltaHedge(band=2.0),
    seconds=COIN_YEAR,
    sources=(
        "contract: Bybit's BTC options: European, settled in USDC, one BTC a contract, quoted in 5 USD",
        "fees: Bybit, 18 September 2025: takers 0.03 % of the index (30 USD); makers on its terms for market makers, "
        "nothing, assumed; the underlying as Deribit's perpetual, takers 0.05 % (50 USD)",
        "wires: Deribit's documentation: a few ms on average through risk and matching; 1 ms of feed and 2 ms to the "
        "venue are assumed",
        "spot, volatility, rate: assumed, about those of BTC in 2025",
        "moves and arrivals: assumed, such that realised volatility is the implied one over 365 days of 24 hours; a "
        "real feed has many more quotes, most of which move it by less than a fee",
        "transients, leverage, steps of the level, noise, the rival's share, sizes: assumed",
        "reactions: assumed, makers from 1.5 ms on with median 4.5 ms, the rival from 1.5 ms on with median 3.5 ms",
        "half-spreads: found by `tradesim balance`",
    ),
)

MARKETS: Final[dict[str, NamedMarket]] = {
    each.name: each for each in (US_EQUITY_OPTIONS, INDEX_OPTIONS, COIN_OPTIONS, TEACHING)
}
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
