"""What a comparison is made on: a tape, several, or a generated market, and what is usual for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tradesim.errors import ArgumentError, one_of
from tradesim.experiments.plan import CURVE, Plan, Source
from tradesim.experiments.timing import Cache
from tradesim.experiments.until import Until
from tradesim.market.chain import Settlement
from tradesim.market.synthetic import SyntheticMarket
from tradesim.market.tape import Tape, problem_of
from tradesim.market.tape_file import read_tape
from tradesim.methods.staged import Outside
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import problem_named
from tradesim.simulation.hiccups import Hiccups
from tradesim.simulation.session import Setting
from tradesim.simulation.strategy import Strategy, TakeRule
from tradesim.simulation.venue_rules import Fees, VenueRules
from tradesim.simulation.wires import Wires


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What is replayed, and what is usual for it where the user says nothing."""

    source: Source
    problem: str
    seeds: tuple[int, ...]
    setting: Setting
    in_coin: bool


Tapes = Path | str | Sequence[Path | str]
"""The path of a tape, or of several: days."""


def ground_of(tape: Tapes | None, market: SyntheticMarket | None, problem: str | None) -> Ground:
    """The ground of ``tape``; else of ``market``, by default one whose options are what ``problem`` prices.

    The problem is, without a name, what the contracts are. Eight generated markets are usual, one replay of each given
    tape, and a fee of 0.0003 of a coin where options are priced in coin.
    """
    if tape is None:
        source = market or usual_market(_named_or(problem, "american"))
        return Ground(
            source=source,
            problem=_named_or(problem, source.problem),
            seeds=tuple(range(1, 9)),
            setting=Setting(),
            in_coin=False,
        )
    paths = tuple(Path(each).resolve() for each in ([tape] if isinstance(tape, Path | str) else tape))
    first, *others = (read_tape(path) for path in paths)
    for path, other in zip(paths[1:], others, strict=True):
        _check_alike(first, other, path)
    coin = in_coin(first)
    return Ground(
        source=paths if others else paths[0],
        problem=_named_or(problem, problem_of(first)),
        seeds=tuple(range(1, len(paths) + 1)),
        setting=Setting(fees=Fees(taker=0.0003)) if coin else Setting(),
        in_coin=coin,
    )


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
    """Refuse a tape whose P&L is counted in something else than the first one's."""
    usual, found = (
        (tape.underlying if in_coin(tape) else tape.currency, tape.lot, problem_of(tape)) for tape in (first, other)
    )
    if found != usual:
        raise ArgumentError(
            f"tape {path.name}: its currency, lot and options are {found}, the first one's {usual}; "
            "compare tapes of one kind"
        )


def plan_of(
    *,
    tape: Tapes | None,
    market: SyntheticMarket | None,
    problem: str | None,
    methods: Sequence[str],
    latency: str = "empirical",
    cache: Cache | str = Cache.HOT,
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
    until: Until | None = None,
) -> Plan:
    """What the arguments of :func:`compare` ask, where nothing is said as is usual on their ground."""
    ground = ground_of(tape, market, problem)
    if strategy is not None and (edge is not None or cap is not None):
        raise ArgumentError("edge, cap: a strategy is given, and its own rule says them; state them there")
    usual_edge = 0.0005 if ground.in_coin else 0.0075
    taking = TakeRule(edge=usual_edge if edge is None else edge, cap=50 if cap is None else cap)
    return Plan(
        source=ground.source,
        problem=ground.problem,
        methods=tuple(methods),
        seeds=ground.seeds if seeds is None else tuple(seeds),
        trading=strategy or Strategy(rule=taking),
        setting=around(
            setting or ground.setting,
            fee=fee,
            maker_fee=maker_fee,
            underlying_fee=underlying_fee,
            wires=wires,
            venue=venue,
        ),
        latency=latency,
        cache=one_of(Cache, cache, "cache"),
        hiccups=hiccups,
        curve=tuple(curve),
        outside=one_of(Outside, outside, "outside"),
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
