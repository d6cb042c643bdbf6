"""What a comparison is made on: a tape, several, or a generated market, and what is usual for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from tradesim.errors import ArgumentError, one_of
from tradesim.experiments.between import Between
from tradesim.experiments.markets import DEFAULT, NamedMarket, market_named
from tradesim.experiments.plan import CURVE, Plan, Source
from tradesim.experiments.timing import Timing
from tradesim.experiments.until import Until
from tradesim.market.chain import Settlement
from tradesim.market.lots import common_lot
from tradesim.market.pairs import coin_of
from tradesim.market.synthetic import SyntheticMarket
from tradesim.market.tape import QUOTE, UNDERLYING, Tape, problem_of
from tradesim.market.tape_file import read_tape
from tradesim.methods.method import Outside
from tradesim.methods.spec import Given, specs
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import problem_named
from tradesim.simulation.hedging import DeltaHedge
from tradesim.simulation.hiccups import Hiccups
from tradesim.simulation.session import Setting
from tradesim.simulation.strategy import Strategy, TakeRule
from tradesim.simulation.venue_rules import Fees, VenueRules, option_grid
from tradesim.simulation.wires import Wires
from tradesim.units import MICROS


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What is replayed, and what is usual for it where the user says nothing."""

    source: Source
    problem: str
    seeds: tuple[int, ...]
    setting: Setting
    rule: TakeRule
    hedge: DeltaHedge | None = None

    @property
    def taking(self) -> Strategy:
        """The usual way to trade: to take quotes."""
        return Strategy(rule=self.rule, hedge=self.hedge)


Tapes = Path | str | Sequence[Path | str]
"""The path of a tape, or of several: days."""


Market = str | NamedMarket | SyntheticMarket
"""A generated market: its name, one with what is usual on it, or its parameters alone."""

GENERATED_SEEDS: Final = tuple(range(1, 9))


def ground_of(tape: Tapes | None, market: Market | None, problem: str | None) -> Ground:
    """The ground of ``tape``; else of ``market``, by default the usual one; its options are what ``problem`` prices.

    The problem is, without a name, what the contracts are. Eight generated markets are usual, and one replay of each
    given tape. What else is usual a named market says; elsewhere it is ``Setting()`` and ``TakeRule()``, and a fee of
    0.0003 and an edge of 0.0005 of a coin where options are priced in coin; the edge is at least half a tick of the
    tape's options.
    """
    if tape is None:
        return generated_ground(DEFAULT if market is None else market, problem)
    if market is not None:
        raise ArgumentError(f"market: a tape is given ({tape}), and no market is generated; leave one of them out")
    paths = tuple(Path(each).resolve() for each in ([tape] if isinstance(tape, Path | str) else tape))
    first, *others = (read_tape(path) for path in paths)
    for path, other in zip(paths[1:], others, strict=True):
        _check_alike(first, other, path)
    _check_lots({path: each.lot for path, each in zip(paths, (first, *others), strict=True)})
    coin = in_coin(first)
    return Ground(
        source=paths if others else paths[0],
        problem=_named_or(problem, problem_of(first)),
        seeds=tuple(range(1, len(paths) + 1)),
        setting=Setting(fees=Fees(taker=0.0003)) if coin else Setting(),
        rule=TakeRule(edge=max(0.0005 if coin else TakeRule().edge, 0.5 * int(option_grid(first)[0, 1]) / MICROS)),
    )


def generated_ground(market: Market, problem: str | None) -> Ground:
    """The ground of ``market``, which is generated."""
    if isinstance(market, SyntheticMarket):
        return Ground(
            source=market,
            problem=_named_or(problem, market.problem),
            seeds=GENERATED_SEEDS,
            setting=Setting(),
            rule=TakeRule(),
        )
    named = market_named(market) if isinstance(market, str) else market
    asked = _named_or(problem, named.market.problem)
    return Ground(
        source=named.of(asked),
        problem=asked,
        seeds=GENERATED_SEEDS,
        setting=named.setting,
        rule=named.rule,
        hedge=named.hedge,
    )


def ground_setting(tape: Tapes | None, market: str | None) -> Setting:
    """Wires and venue that are usual on the ground of the same two, without a tape being read; fees may differ."""
    return Setting() if tape else market_named(DEFAULT if market is None else market).setting


def around(
    usual: Setting,
    *,
    fee: float | None = None,
    maker_fee: float | None = None,
    underlying_fee: float | None = None,
    wires: Wires | None = None,
    venue: VenueRules | None = None,
) -> Setting:
    """The ``usual`` setting but for what is stated: fees of takers, makers and the underlying, wires, venue."""
    fees = Fees(
        taker=usual.fees.taker if fee is None else fee,
        maker=usual.fees.maker if maker_fee is None else maker_fee,
        underlying=usual.fees.underlying if underlying_fee is None else underlying_fee,
    )
    return replace(usual, fees=fees, wires=wires or usual.wires, venue=venue or usual.venue)


def _check_alike(first: Tape, other: Tape, path: Path) -> None:
    """Refuse a tape whose P&L is counted in something else than the first one's, or against another fair value."""
    if (first.latent is None) is not (other.latent is None):
        raise ArgumentError(
            f"tape {path.name}: it is {'recorded' if other.latent is None else 'generated'}, and the first one is not; "
            "compare generated and recorded tapes apart"
        )
    usual, found = ((money_of(tape), problem_of(tape)) for tape in (first, other))
    if found != usual:
        raise ArgumentError(
            f"tape {path.name}: its currency and options are {found}, the first one's {usual}; "
            "compare tapes of one kind"
        )


def _check_lots(lots: dict[Path, float]) -> None:
    if common_lot(lots.values()) is None:
        told = ", ".join(f"{path.name} {lot:g}" for path, lot in lots.items())
        raise ArgumentError(
            f"tapes: their lots ({told}) are no whole multiples of the finest; state one lot as the tapes are made "
            "(ingest --lot)"
        )


def plan_of(
    *,
    tape: Tapes | None,
    market: Market | None,
    problem: str | None,
    methods: Sequence[Given],
    latency: str = "empirical",
    update: str | None = None,
    timing: Timing | str = Timing.LIVE,
    between: Between | None = None,
    seeds: Sequence[int] | None,
    edge: float | None = None,
    cap: int | None = None,
    fee: float | None = None,
    maker_fee: float | None = None,
    underlying_fee: float | None = None,
    wires: Wires | None = None,
    venue: VenueRules | None = None,
    setting: Setting | None = None,
    strategy: Strategy | None = None,
    hiccups: Hiccups | None = None,
    curve: Sequence[int] = CURVE,
    outside: Outside | str = Outside.FALLBACK,
    memory_price: float = 0.0,
    until: Until | None = None,
) -> Plan:
    """What the arguments of :func:`compare` ask, where nothing is said as is usual on their ground."""
    ground = ground_of(tape, market, problem)
    if strategy is not None and (edge is not None or cap is not None):
        raise ArgumentError("edge, cap: a strategy is given, and its own rule says them; state them there")
    usual = ground.rule
    taking = replace(
        ground.taking,
        rule=TakeRule(edge=usual.edge if edge is None else edge, cap=usual.cap if cap is None else cap),
    )
    return Plan(
        source=ground.source,
        problem=ground.problem,
        methods=specs(methods),
        seeds=ground.seeds if seeds is None else tuple(seeds),
        trading=strategy or taking,
        setting=around(
            setting or ground.setting,
            fee=fee,
            maker_fee=maker_fee,
            underlying_fee=underlying_fee,
            wires=wires,
            venue=venue,
        ),
        latency=latency,
        update=update,
        timing=one_of(Timing, timing, "timing"),
        between=between or Between(),
        hiccups=hiccups,
        curve=tuple(curve),
        outside=one_of(Outside, outside, "outside"),
        memory_price=memory_price,
        until=until,
    )


def usual_market(problem: str) -> SyntheticMarket:
    """The generated market of ``problem``; Asian options live long enough for twelve fixings a day apart or more."""
    return (
        SyntheticMarket(problem=problem, expiries=(30, 60, 90))
        if problem == "asian"
        else SyntheticMarket(problem=problem)
    )


def _named_or(problem: str | None, usual: str) -> str:
    if problem is None:
        return usual
    quoted = {name: each for name, each in PROBLEMS.items() if each.domain.fast == 1 and each.domain.unit == "strike"}
    if problem in PROBLEMS.keys() - quoted.keys():
        raise ArgumentError(
            f"problem {problem!r}: a tape quotes options with a strike on one underlying; choose {', '.join(quoted)}"
        )
    return problem_named(problem, quoted).name


def in_coin(tape: Tape) -> bool:
    """Whether the tape's options are priced in the coin itself."""
    return tape.chain.settlement is Settlement.INVERSE


def quoted_prices(tape: Tape) -> dict[str, float | None]:
    """Tick and median mid of the quotes of its options, currency or coin; None without a quote of two sides."""
    both = (tape.instrument != UNDERLYING) & (tape.kind == QUOTE) & (tape.bid_size > 0) & (tape.ask_size > 0)
    if not both.any():
        return {"tick": None, "mid": None}
    mid = float(np.median(tape.bid[both] + tape.ask[both])) / 2.0 / MICROS
    return {"tick": int(option_grid(tape)[0, 1]) / MICROS, "mid": mid}


def money_of(tape: Tape) -> str:
    """What the P&L of its options is counted in: the tape's currency, or the coin of its underlying."""
    return coin_of(tape.underlying) if in_coin(tape) else tape.currency
