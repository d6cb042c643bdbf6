"""What options ask, worked out: the data source, the way to trade, the world, and the plan of a comparison."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tradesim.errors import ArgumentError, one_of
from tradesim.experiments.between import Between, parse_between
from tradesim.experiments.data_source import DataSource, data_source_of
from tradesim.experiments.latency_spec import parse_hiccups, parse_venue, parse_wires
from tradesim.experiments.options import Options, options_from
from tradesim.experiments.plan import CURVE, Plan, parse_seeds
from tradesim.experiments.strategies import load_strategy
from tradesim.experiments.timing import Timing
from tradesim.experiments.until import Until
from tradesim.methods.method import Outside
from tradesim.methods.spec import Given, specs
from tradesim.simulation.session import Setting
from tradesim.simulation.strategy import Strategy, TakeRule
from tradesim.simulation.venue_rules import Fees
from tradesim.user_code import blamed_on


@dataclass(frozen=True)
class Asked:
    """What ``options`` ask."""

    options: Options

    @cached_property
    def data_source(self) -> DataSource:
        """What is replayed, and what is usual for it; tapes are read for it."""
        return data_source_of(self.options.tape, self.options.market, self.options.problem)

    @cached_property
    def trading(self) -> Strategy:
        """How every method trades."""
        options = self.options
        if options.strategy is None:
            usual = self.data_source.rule
            rule = TakeRule(
                edge=usual.edge if options.edge is None else options.edge,
                cap=usual.cap if options.cap is None else options.cap,
            )
            return replace(self.data_source.taking, rule=rule)
        if options.edge is not None or options.cap is not None:
            raise ArgumentError("edge, cap: a strategy is given, and its own rule says them; state them there")
        return options.strategy if isinstance(options.strategy, Strategy) else load_strategy(options.strategy)

    @property
    def world(self) -> Setting:
        """The setting around the desks."""
        options = self.options
        usual = options.setting or self.data_source.setting
        return replace(
            usual,
            wires=parse_wires(
                feed=options.feed,
                entry=options.entry,
                response=options.response,
                hedge_entry=options.hedge_entry,
                hedge_response=options.hedge_response,
                rejections=options.rejections,
                send=options.send,
                usual=options.wires or usual.wires,
            ),
            venue=parse_venue(
                queue=options.queue,
                tick=options.tick,
                position_limit=options.position_limit,
                usual=options.venue or usual.venue,
            ),
            fees=Fees(
                taker=usual.fees.taker if options.fee is None else options.fee,
                maker=usual.fees.maker if options.maker_fee is None else options.maker_fee,
                underlying=usual.fees.underlying if options.underlying_fee is None else options.underlying_fee,
            ),
        )

    def plan(self, methods: Sequence[Given], *, curve: Sequence[int] = CURVE, until: Until | None = None) -> Plan:
        """The comparison of ``methods``, with fixed latencies ``curve`` (ns)."""
        return Plan(methods=specs(methods), curve=tuple(curve), until=until, **self.shared())

    def shared(self) -> dict[str, Any]:
        """The parts of a plan that do not depend on what is compared."""
        options = self.options
        seeds = self.data_source.seeds if options.seeds is None else options.seeds
        return {
            "source": self.data_source.source,
            "problem": self.data_source.problem,
            "seeds": parse_seeds(seeds) if isinstance(seeds, str) else tuple(seeds),
            "trading": self.trading,
            "setting": self.world,
            "latency": options.latency,
            "update": options.update,
            "timing": one_of(Timing, options.timing, "timing"),
            "between": parse_between(options.between)
            if isinstance(options.between, str)
            else options.between or Between(),
            "hiccups": parse_hiccups(options.hiccups) if isinstance(options.hiccups, str) else options.hiccups,
            "outside": one_of(Outside, options.outside, "outside"),
            "memory_price": options.memory_price,
        }

    def generated(self, question: str) -> "Asked":
        """The same; ``ArgumentError`` where a tape is given to a ``question`` about generated markets."""
        if self.options.tape is not None:
            raise ArgumentError(f"tape: {question} is asked of generated markets; leave it out, or name a market")
        return self

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Errors that a strategy's file raises meanwhile name its line."""
        if isinstance(self.options.strategy, str | Path):
            with blamed_on(self.options.strategy, kind="strategy"):
                yield
        else:
            yield


def asked_by(keywords: Mapping[str, Any]) -> Asked:
    """What ``keywords`` ask, which are options by name; ``ArgumentError`` for one that there is not."""
    return Asked(options_from(keywords))
