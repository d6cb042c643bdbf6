"""What a comparison is made on: a tape, several, or a generated market, and what is usual for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tradesim.errors import ArgumentError
from tradesim.experiments.markets import DEFAULT, NamedMarket, market_named
from tradesim.experiments.plan import Source
from tradesim.market.chain import Settlement
from tradesim.market.lots import common_lot
from tradesim.market.pairs import coin_of
from tradesim.market.synthetic import SyntheticMarket
from tradesim.market.tape import QUOTE, UNDERLYING, Tape, problem_of
from tradesim.market.tape_file import read_tape
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import problem_named
from tradesim.simulation.hedging import DeltaHedge
from tradesim.simulation.session import Setting
from tradesim.simulation.strategy import Strategy, TakeRule
from tradesim.simulation.venue_rules import Fees, option_grid
from tradesim.units import MICROS


@dataclass(frozen=True, kw_only=True)
class DataSource:
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


def data_source_of(tape: Tapes | None, market: Market | None, problem: str | None) -> DataSource:
    """The ground of ``tape``; else of ``market``, by default the usual one; its options are what ``problem`` prices.

    The problem is, without a name, what the contracts are. Eight generated markets are usual, and one replay of each
    given tape. What else is usual a named market says; elsewhere it is ``Setting()`` and ``TakeRule()``, and a fee of
    0.0003 and an edge of 0.0005 of a coin where options are priced in coin; the edge is at least half a tick of the
    tape's options.
    """
    if tape is None:
        return generated_source(DEFAULT if market is None else market, problem)
    if market is not None:
        raise ArgumentError(f"market: a tape is given ({tape}), and no market is generated; leave one of them out")
    paths = tuple(Path(each).resolve() for each in ([tape] if isinstance(tape, Path | str) else tape))
    first, *others = (read_tape(path) for path in paths)
    for path, other in zip(paths[1:], others, strict=True):
        _check_alike(first, other, path)
    _check_lots({path: each.lot for path, each in zip(paths, (first, *others), strict=True)})
    coin = in_coin(first)
    return DataSource(
        source=paths if others else paths[0],
        problem=_named_or(problem, problem_of(first)),
        seeds=tuple(range(1, len(paths) + 1)),
        setting=Setting(fees=Fees(taker=0.0003)) if coin else Setting(),
        rule=TakeRule(edge=max(0.0005 if coin else TakeRule().edge, 0.5 * int(option_grid(first)[0, 1]) / MICROS)),
    )


def generated_source(market: Market, problem: str | None) -> DataSource:
    """The ground of ``market``, which is generated."""
    if isinstance(market, SyntheticMarket):
        return DataSource(
            source=market,
            problem=_named_or(problem, market.problem),
            seeds=GENERATED_SEEDS,
            setting=Setting(),
            rule=TakeRule(),
        )
    named = market_named(market) if isinstance(market, str) else market
    asked = _named_or(problem, named.market.problem)
    return DataSource(
        source=named.of(asked),
        problem=asked,
        seeds=GENERATED_SEEDS,
        setting=named.setting,
        rule=named.rule,
        hedge=named.hedge,
    )


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
