"""What a comparison asks, as data: everything that a worker needs to replay one seed, and the hash that names it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from tradesim.errors import ArgumentError
from tradesim.experiments.between import Between
from tradesim.experiments.checked import Checked
from tradesim.experiments.latency_spec import Filed, Stored, parse_latency, parse_model
from tradesim.experiments.manifest import fingerprint, host, plain, versions
from tradesim.experiments.timing import Timing
from tradesim.experiments.until import Until
from tradesim.market.lots import common_lot, in_lots, lot_of
from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.market.tape import Tape
from tradesim.market.tape_file import read_tape
from tradesim.methods.method import Outside
from tradesim.methods.spec import MethodSpec, method, specs
from tradesim.simulation.hedging import DeltaHedge
from tradesim.simulation.hiccups import Hiccups
from tradesim.simulation.latency import ComputeLatency, LatencyModel
from tradesim.simulation.maker import MakeRule
from tradesim.simulation.session import Setting
from tradesim.simulation.strategy import Policy, Rule, Strategy, TakeRule
from tradesim.simulation.trigger import Trigger
from tradesim.units import MICROSECOND, MILLISECOND

DEFAULT_METHODS: Final = ("nothing", "proxy", "analytic", "analytic-slice", "grid", "lightgbm")

CURVE: Final = tuple(
    round(ns)
    for ns in (
        *(0, MICROSECOND, 3 * MICROSECOND, 10 * MICROSECOND, 30 * MICROSECOND, 100 * MICROSECOND, 300 * MICROSECOND),
        *(MILLISECOND, 3 * MILLISECOND, 10 * MILLISECOND),
    )
)
"""Compute latencies, ns, of the curve of P&L against latency."""

BLOCKS: Final = 32
"""Blocks in which latencies are measured."""

Source = SyntheticMarket | Path | tuple[Path, ...]

MOST_SEEDS: Final = 10_000
"""Seeds in one comparison."""

LARGEST_SEED: Final = 2**63 - 1

LARGEST_AMOUNT: Final = 1e6
"""The largest edge or fee, currency a unit: far above any option's price, far below where micros overflow."""

LARGEST_CAP: Final = 10**9
"""Lots."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A comparison to be made.

    ``source``      a generated market, a new tape for each seed; or the path of a tape, whose seeds draw latencies; or
                    the paths of several (days), one for each seed
    ``problem``     the problem's name
    ``methods``     one for each row of the table, as people give them or as specs
    ``trading``     how every one of them trades: a strategy, whose method is each of ``methods`` in turn
    ``latency``     ``empirical`` (measured, then drawn by seed), ``measured`` (live), ``profile:COMPARISON`` (measured
                    by an earlier comparison), the path of a profile file, or a model as
                    :mod:`~tradesim.experiments.latency_spec` has it (``fixed:40us``)
    ``update``      what an update of the slow inputs takes, a model as for ``latency``; None: as measured, or nothing
                    where ``latency`` is stated
    ``timing``      how pricings are timed that are measured
    ``between``     what the core does between two decisions that are timed
    ``hiccups``     how a desk's process pauses, in the runs of its own latency
    ``curve``       fixed compute latencies (ns) at which reference prices are replayed too
    ``outside``     what methods do with a contract outside their domain
    ``memory_price`` currency for a MiB that a method keeps resident, each hour of tape
    ``until``       when seeds enough were added to ``seeds``; None: they are all
    """

    source: Source
    problem: str
    methods: tuple[MethodSpec, ...]
    seeds: tuple[int, ...]
    trading: Strategy = field(default_factory=Strategy)
    setting: Setting = field(default_factory=Setting)
    latency: str = "empirical"
    update: str | None = None
    timing: Timing = Timing.LIVE
    between: Between = field(default_factory=Between)
    hiccups: Hiccups | None = None
    curve: tuple[int, ...] = CURVE
    outside: Outside = Outside.FALLBACK
    memory_price: float = 0.0
    until: Until | None = None
    _compute: ComputeLatency | Stored | Filed | None = field(init=False, repr=False, compare=False)
    _updating: LatencyModel | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "methods", specs(self.methods))
        _check_seeds(self.seeds)
        if isinstance(self.source, tuple):
            _check_days(self.source, self.seeds)
        check_trading(self.trading, self.setting)
        _check_curve(self.curve)
        if not 0.0 <= self.memory_price <= LARGEST_AMOUNT:
            raise ArgumentError(
                f"memory-price {self.memory_price:g}: it is currency per MiB and hour, from 0 to {LARGEST_AMOUNT:,.0f}"
            )
        if self.until is not None:
            _check_until(self.until, self.source, self.seeds)
        object.__setattr__(self, "_compute", parse_latency(self.latency))
        if self.timing is not Timing.LIVE and not self.draws_readings:
            raise ArgumentError(
                f"timing {self.timing}: latency {self.latency} is not measured beforehand; leave one of them out"
            )
        if self.between != Between() and self.compute is not None:
            raise ArgumentError(f"between: latency {self.latency} is not measured beforehand; leave one of them out")
        object.__setattr__(self, "_updating", None if self.update is None else parse_model("update", self.update))

    @property
    def compute(self) -> ComputeLatency | Stored | Filed | None:
        """What ``latency`` states; a file was read when the plan was made."""
        return self._compute

    @property
    def knows_truth(self) -> bool:
        """Whether its tapes hold the latent truth."""
        return isinstance(self.source, SyntheticMarket) or self.tape(self.seeds[0]).latent is not None

    @property
    def draws_readings(self) -> bool:
        """Whether latencies are drawn from readings, taken here or before; else they are stated, or live."""
        return self.compute is None or isinstance(self.compute, Stored | Filed)

    def replicate(self, seed: int) -> int:
        """The number of the replicate that ``seed`` is, from 0; seeds that are added follow the plan's own."""
        return self.seeds.index(seed) if seed in self.seeds else len(self.seeds) + seed - max(self.seeds) - 1

    @property
    def block_groups(self) -> int:
        """Into how many groups measurement blocks are dealt: one for each replicate, as far as they go."""
        return min(len(self.seeds) if self.until is None else self.until.most_seeds, BLOCKS)

    def block_group(self, seed: int) -> int | None:
        """Which group of measurement blocks the latencies of ``seed`` come from; None where none is measured."""
        return self.replicate(seed) % self.block_groups if self.draws_readings else None

    @property
    def updating(self) -> LatencyModel | None:
        """What ``update`` states; a file was read when the plan was made."""
        return self._updating

    @property
    def labels(self) -> tuple[str, ...]:
        """What tables call the methods."""
        return tuple(spec.label for spec in self.methods)

    def spec(self, label: str) -> MethodSpec:
        """The method of the plan that is called so, or the one that the label names."""
        return next((spec for spec in self.methods if spec.label == label), None) or method(label)

    def strategy(self, label: str) -> Strategy:
        """The shared way to trade, pricing by a method; answers of a rule of the user's are checked."""
        return checked(replace(self.trading, method=label))

    def tape(self, seed: int) -> Tape:
        """The tape of ``seed``; of several, sizes are counted in the finest lot of them all."""
        match self.source:
            case SyntheticMarket():
                return generate(self.source, seed=seed)
            case tuple():
                tape = read_tape(self.source[self.seeds.index(seed)])
                return in_lots(tape, common_lot(map(lot_of, self.source)) or tape.lot)
        return read_tape(self.source)

    def configuration(self) -> dict[str, Any]:
        """What it asks, ready for JSON: a stated latency as its model."""
        latency = self.latency if self.compute is None else plain(self.compute)
        return {**plain(self), "latency": latency, "update": plain(self.updating)}

    def manifest(self) -> dict[str, Any]:
        """The configuration and what it ran on, ready for JSON."""
        return {"configuration": self.configuration(), **self.provenance()}

    def provenance(self) -> dict[str, Any]:
        """The hash of the configuration, the versions of what ran and the host, ready for JSON."""
        return {"configuration_hash": fingerprint(self.configuration()), "versions": versions(), "host": host()}


def _check_seeds(seeds: Sequence[int]) -> None:
    if not seeds or len(set(seeds)) < len(seeds) or len(seeds) > MOST_SEEDS:
        shown = ", ".join(map(str, seeds[:4])) + (", ..." if len(seeds) > 4 else "")
        raise ArgumentError(f"seeds {shown or '(none)'}: give at least one, none twice, and at most {MOST_SEEDS:,}")
    outside = [seed for seed in seeds if not 0 <= seed <= LARGEST_SEED]
    if outside:
        raise ArgumentError(f"seed {str(outside[0])[:24]}: a seed is a whole number from 0 to 2^63 - 1")


def _check_days(tapes: Sequence[Path], seeds: Sequence[int]) -> None:
    if len(set(tapes)) < len(tapes):
        raise ArgumentError(f"tapes {', '.join(path.name for path in tapes)}: give none twice")
    if len(tapes) != len(seeds):
        raise ArgumentError(
            f"seeds: there are {len(seeds)} of them and {len(tapes)} tapes; each tape is a replicate under a seed of "
            "its own: give as many, or none"
        )


def _check_curve(curve: Sequence[int]) -> None:
    if len(set(curve)) < len(curve) or any(ns < 0 for ns in curve):
        raise ArgumentError(f"curve {list(curve)}: its latencies are whole ns, at least 0, none twice")


def _check_until(until: Until, source: Source, seeds: Sequence[int]) -> None:
    if not isinstance(source, SyntheticMarket):
        raise ArgumentError(f"until {until.confidence:g}: a tape has no further replicates; leave it out, or the tape")
    if max(seeds) + until.counts(len(seeds))[-1] > LARGEST_SEED:
        raise ArgumentError(f"seed {max(seeds)}: until adds seeds above it, and they are at most 2^63 - 1; give less")


def check_trading(trading: Strategy, setting: Setting) -> None:
    """Hold the parts of a strategy, and the sizes in it, to their rules; else ``ArgumentError``."""
    _check_ways(trading)
    _check_amounts(trading.rule, setting)


def has_own_rule(trading: Strategy) -> bool:
    """Whether the rule is not one of ours."""
    return not isinstance(trading.rule, TakeRule | MakeRule)


def checked(trading: Strategy) -> Strategy:
    """The same, answers of a rule of the user's held to what a rule may answer."""
    return replace(trading, rule=Checked(trading.rule)) if has_own_rule(trading) else trading


def _check_ways(trading: Strategy) -> None:
    """Hold the parts of a strategy to their kinds: they come from a file of the user's own."""
    rule, trigger, policy, hedge = trading.rule, trading.trigger, trading.policy, trading.hedge
    if not callable(getattr(rule, "decide", None)):
        raise ArgumentError(f"rule {rule!r}: it must have a method decide; write for example tradesim.TakeRule()")
    if not isinstance(trigger, Trigger):
        raise ArgumentError(f"trigger {trigger!r}: it must be a trigger; write for example tradesim.SpotMoved()")
    if not isinstance(policy, Policy):
        raise ArgumentError(f"policy {policy!r}: it must be a Policy; write for example tradesim.Policy.LATEST")
    if hedge is not None and not isinstance(hedge, DeltaHedge):
        raise ArgumentError(f"hedge {hedge!r}: it must be tradesim.DeltaHedge() or None")


def _check_amounts(rule: Rule, setting: Setting) -> None:
    """Hold what the kernels count in whole micros and lots to sizes that they can count."""
    for fee in (setting.fees.taker, setting.fees.maker, setting.fees.underlying):
        if abs(fee) > LARGEST_AMOUNT:
            raise ArgumentError(f"fee {fee:g}: it is at most {LARGEST_AMOUNT:,.0f} in size, in currency a unit")
    if not isinstance(rule, TakeRule):
        return
    if abs(rule.edge) > LARGEST_AMOUNT:
        raise ArgumentError(f"edge {rule.edge:g}: it is at most {LARGEST_AMOUNT:,.0f} in size, in currency a unit")
    if rule.cap > LARGEST_CAP:
        raise ArgumentError(f"cap {str(rule.cap)[:24]}: it is at most {LARGEST_CAP:,} lots a contract")


def parse_seeds(text: str) -> tuple[int, ...]:
    """Seeds from ``5`` (that one), ``1-8`` (first to last) or ``1,4,9``; else ``ArgumentError``."""
    first, dash, last = text.partition("-")
    try:
        seeds = range(int(first), int(last) + 1) if dash else [int(seed) for seed in text.split(",")]
    except ValueError:
        seeds = range(0)
    if not seeds:
        raise ArgumentError(f"seeds {text!r}: they are whole numbers, none negative; write 5, 1-8 or 1,4,9")
    _check_seeds(seeds[: MOST_SEEDS + 1])
    return tuple(seeds)
