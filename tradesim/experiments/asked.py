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
        if self.options.strategy is None:
            usual = self.data_source.rule
            rule = TakeRule(
                edge=usual.edge if self.options.edge is None else self.options.edge,
                cap=usual.cap if self.options.cap is None else self.options.cap,
            )
            return replace(self.data_source.taking, rule=rule)
        if self.options.edge is not None or self.options.cap is not None:
            raise ArgumentError("edge, cap: a strategy is given, and its own rule says them; state them there")
        return (
            self.options.strategy
            if isinstance(self.options.strategy, Strategy)
            else load_strategy(self.options.strategy)
        )

    @property
    def world(self) -> Setting:
        """The setting around the desks."""
        usual = self.options.setting or self.data_source.setting
        return replace(
            usual,
            wires=parse_wires(
                feed=self.options.feed,
                entry=self.options.entry,
                response=self.options.response,
                hedge_entry=self.options.hedge_entry,
                hedge_response=self.options.hedge_response,
                rejections=self.options.rejections,
                send=self.options.send,
                usual=self.options.wires or usual.wires,
            ),
            venue=parse_venue(
                queue=self.options.queue,
                tick=self.options.tick,
                position_limit=self.options.position_limit,
                usual=self.options.venue or usual.venue,
            ),
            fees=Fees(
                taker=usual.fees.taker if self.options.fee is None else self.options.fee,
                maker=usual.fees.maker if self.options.maker_fee is None else self.options.maker_fee,
                underlying=usual.fees.underlying
                if self.options.underlying_fee is None
                else self.options.underlying_fee,
            ),
        )

    def plan(self, methods: Sequence[Given], *, curve: Sequence[int] = CURVE, until: Until | None = None) -> Plan:
        """The comparison of ``methods``, with fixed latencies ``curve`` (ns)."""
        return Plan(methods=specs(methods), curve=tuple(curve), until=until, **self.shared())

    def shared(self) -> dict[str, Any]:
        """The parts of a plan that do not depend on what is compared."""
        seeds = self.data_source.seeds if self.options.seeds is None else self.options.seeds
        return {
            "source": self.data_source.source,
            "problem": self.data_source.problem,
            "seeds": parse_seeds(seeds) if isinstance(seeds, str) else tuple(seeds),
            "trading": self.trading,
            "setting": self.world,
            "latency": self.options.latency,
            "update": self.options.update,
            "timing": one_of(Timing, self.options.timing, "timing"),
            "between": parse_between(self.options.between)
            if isinstance(self.options.between, str)
            else self.options.between or Between(),
            "hiccups": parse_hiccups(self.options.hiccups)
            if isinstance(self.options.hiccups, str)
            else self.options.hiccups,
            "outside": one_of(Outside, self.options.outside, "outside"),
            "memory_price": self.options.memory_price,
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
