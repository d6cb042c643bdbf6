"""What a comparison is made on: a tape or a generated market, and what is usual for it."""

from dataclasses import dataclass
from pathlib import Path

from tradesim.errors import ArgumentError
from tradesim.experiments.plan import Source
from tradesim.market.chain import Settlement
from tradesim.market.synthetic import SyntheticMarket
from tradesim.market.tape import Tape, problem_of
from tradesim.market.tape_file import read_tape
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import problem_named
from tradesim.simulation.session import Setting
from tradesim.simulation.venue_rules import Fees


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What is replayed, and what is usual for it where the user says nothing."""

    source: Source
    problem: str
    seeds: tuple[int, ...]
    setting: Setting
    in_coin: bool


def ground_of(tape: Path | str | None, market: SyntheticMarket | None, problem: str | None) -> Ground:
    """The ground of ``tape``; else of ``market``, by default one whose options are what ``problem`` prices.

    The problem is, without a name, what the contracts are. Eight generated markets are usual, one replay of a given
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
    path = Path(tape).resolve()
    first = read_tape(path)
    coin = in_coin(first)
    return Ground(
        source=path,
        problem=_named_or(problem, problem_of(first)),
        seeds=(1,),
        setting=Setting(fees=Fees(taker=0.0003)) if coin else Setting(),
        in_coin=coin,
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
