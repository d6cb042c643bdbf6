"""Who takes part in a race: a desk by its name, how it trades, and what its decisions take."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tradesim.errors import ArgumentError
from tradesim.experiments.latency_spec import parse_latency
from tradesim.experiments.plan import Plan, check_trading
from tradesim.experiments.strategies import load_strategy
from tradesim.methods.spec import MethodSpec, method
from tradesim.simulation.latency import ComputeLatency, Profile
from tradesim.simulation.strategy import Strategy


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A desk of a race.

    ``name``     by which tables know it
    ``strategy`` how it trades and prices
    ``latency``  what a decision takes, stated (``5us``, ``lognormal:40us:0.5``), its updates then instant; None: what
                 the race says of all
    """

    name: str
    strategy: Strategy
    latency: str | None = None

    def __post_init__(self) -> None:
        _ = self.stated
        _ = self.spec

    @property
    def spec(self) -> MethodSpec:
        """How it prices."""
        return method(self.strategy.method)

    @property
    def stated(self) -> ComputeLatency | None:
        """The latency of its own, None without one."""
        if self.latency is None:
            return None
        stated = parse_latency(f"fixed:{self.latency}" if self.latency[:1].isdigit() else self.latency)
        if not isinstance(stated, Profile):
            raise ArgumentError(
                f"desk {self.name}: its own latency is a stated one, not {self.latency}; write for example 5us, or "
                "leave it out"
            )
        return stated


@dataclass(frozen=True, kw_only=True)
class RacePlan(Plan):
    """A race to be run: a plan whose ``methods`` are those of its ``desks``; its way to trade is of none of them."""

    desks: tuple[Contestant, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.desks) < 2:
            raise ArgumentError(f"desks {', '.join(desk.name for desk in self.desks) or '(none)'}: give two or more")
        for desk in self.desks:
            check_trading(desk.strategy, self.setting)

    def block_group(self, seed: int) -> int | None:
        """See :meth:`Plan.block_group`; None too where every desk states its latency."""
        return None if all(desk.stated is not None for desk in self.desks) else super().block_group(seed)


def parse_contestant(text: str | Strategy | Contestant, template: Strategy) -> Contestant:
    """The desk that ``METHOD`` or ``FILE.py`` says, or either followed by ``=LATENCY``; a strategy is as in a file.

    A method trades as ``template`` does, a file by the strategy that it defines.

    >>> parse_contestant("grid=5us", Strategy()).strategy.method
    'grid'
    """
    match text:
        case Contestant():
            return text
        case Strategy():
            return Contestant(name=method(text.method).label, strategy=text)
    what, latency = _split(text)
    if what.endswith(".py"):
        name, strategy = Path(what).stem, load_strategy(what)
    else:
        name, strategy = what, replace(template, method=what)
    return Contestant(name=name if latency is None else f"{name}={latency}", strategy=strategy, latency=latency)


def script_of(text: str) -> Path | None:
    """The strategy file that ``text`` names, if it names one."""
    what, _ = _split(text)
    return Path(what) if what.endswith(".py") else None


def told_apart(contestants: Sequence[Contestant]) -> tuple[Contestant, ...]:
    """The same, numbered from the second on where several have one name."""
    met: Counter[str] = Counter()
    apart = []
    for contestant in contestants:
        met[contestant.name] += 1
        number = met[contestant.name]
        apart.append(contestant if number == 1 else replace(contestant, name=f"{contestant.name}#{number}"))
    return tuple(apart)


def _split(text: str) -> tuple[str, str | None]:
    what, equals, latency = text.rpartition("=")
    return (what, latency) if equals and not text.endswith(".py") else (text, None)
