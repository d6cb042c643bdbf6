"""tradesim: solver, table or model, compared on the money they make under latency."""

from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tradesim.errors import ArgumentError
from tradesim.home import place_compiled_code

if TYPE_CHECKING:
    from tradesim.errors import TradesimError
    from tradesim.experiments.advise import advise
    from tradesim.experiments.balance import Balance, balance
    from tradesim.experiments.between import Between
    from tradesim.experiments.break_even import BreakEven, break_even
    from tradesim.experiments.check import Conformance, check
    from tradesim.experiments.compare import Comparison, compare
    from tradesim.experiments.frontier import Frontier, frontier
    from tradesim.experiments.iso import IsoPnl, iso
    from tradesim.experiments.markets import NamedMarket
    from tradesim.experiments.options import Options
    from tradesim.experiments.profiling import measure
    from tradesim.experiments.race import Race, race
    from tradesim.experiments.race_plan import Contestant
    from tradesim.experiments.rivals import Rivals, rivals
    from tradesim.experiments.run import run
    from tradesim.market.calibration import calibrate
    from tradesim.market.facts import facts_of
    from tradesim.market.hybrid import HybridMarket, hybrid
    from tradesim.market.reaction import reaction_curve
    from tradesim.market.snapshot import read_snapshot
    from tradesim.market.synthetic import SyntheticMarket
    from tradesim.market.tape_file import read_tape, write_tape
    from tradesim.methods.method import Method
    from tradesim.methods.spec import MethodSpec, method
    from tradesim.methods.staged import Prepared, Staged
    from tradesim.pricing.function import function_problem
    from tradesim.pricing.problem import Problem
    from tradesim.results.store import Store
    from tradesim.simulation.hedging import DeltaHedge
    from tradesim.simulation.maker import MakeRule
    from tradesim.simulation.session import Setting
    from tradesim.simulation.strategy import Policy, Strategy, TakeRule
    from tradesim.simulation.ticks import TickTable
    from tradesim.simulation.trigger import (
        AnyOf,
        EveryNth,
        EveryQuote,
        OptionQuoted,
        OwnTraded,
        SpotMoved,
        Timer,
        Traded,
    )
    from tradesim.simulation.venue_rules import Fees, VenueRules
    from tradesim.simulation.wires import Wires

_HOMES = {
    "AnyOf": "simulation.trigger",
    "Balance": "experiments.balance",
    "Between": "experiments.between",
    "BreakEven": "experiments.break_even",
    "Comparison": "experiments.compare",
    "Conformance": "experiments.check",
    "Contestant": "experiments.race_plan",
    "DeltaHedge": "simulation.hedging",
    "EveryNth": "simulation.trigger",
    "EveryQuote": "simulation.trigger",
    "Fees": "simulation.venue_rules",
    "Frontier": "experiments.frontier",
    "IsoPnl": "experiments.iso",
    "MakeRule": "simulation.maker",
    "HybridMarket": "market.hybrid",
    "Method": "methods.method",
    "MethodSpec": "methods.spec",
    "Prepared": "methods.staged",
    "Staged": "methods.staged",
    "NamedMarket": "experiments.markets",
    "OptionQuoted": "simulation.trigger",
    "Options": "experiments.options",
    "OwnTraded": "simulation.trigger",
    "Policy": "simulation.strategy",
    "Problem": "pricing.problem",
    "Race": "experiments.race",
    "Rivals": "experiments.rivals",
    "Setting": "simulation.session",
    "SpotMoved": "simulation.trigger",
    "Store": "results.store",
    "Strategy": "simulation.strategy",
    "SyntheticMarket": "market.synthetic",
    "TakeRule": "simulation.strategy",
    "TickTable": "simulation.ticks",
    "Timer": "simulation.trigger",
    "Traded": "simulation.trigger",
    "TradesimError": "errors",
    "VenueRules": "simulation.venue_rules",
    "Wires": "simulation.wires",
    "advise": "experiments.advise",
    "balance": "experiments.balance",
    "break_even": "experiments.break_even",
    "calibrate": "market.calibration",
    "check": "experiments.check",
    "compare": "experiments.compare",
    "facts_of": "market.facts",
    "frontier": "experiments.frontier",
    "function_problem": "pricing.function",
    "iso": "experiments.iso",
    "measure": "experiments.profiling",
    "method": "methods.spec",
    "hybrid": "market.hybrid",
    "read_snapshot": "market.snapshot",
    "race": "experiments.race",
    "reaction_curve": "market.reaction",
    "read_tape": "market.tape_file",
    "rivals": "experiments.rivals",
    "run": "experiments.run",
    "write_tape": "market.tape_file",
}
"""Where each public name lives; it is imported when it is first asked for, so that `tradesim --help` is quick."""

__all__ = [
    "AnyOf",
    "Balance",
    "Between",
    "BreakEven",
    "Comparison",
    "Conformance",
    "Contestant",
    "DeltaHedge",
    "EveryNth",
    "EveryQuote",
    "Fees",
    "Frontier",
    "HybridMarket",
    "IsoPnl",
    "MakeRule",
    "Method",
    "MethodSpec",
    "NamedMarket",
    "OptionQuoted",
    "Options",
    "OwnTraded",
    "Policy",
    "Prepared",
    "Problem",
    "Race",
    "Rivals",
    "Setting",
    "SpotMoved",
    "Staged",
    "Store",
    "Strategy",
    "SyntheticMarket",
    "TakeRule",
    "TickTable",
    "Timer",
    "Traded",
    "TradesimError",
    "VenueRules",
    "Wires",
    "advise",
    "balance",
    "break_even",
    "calibrate",
    "check",
    "compare",
    "facts_of",
    "frontier",
    "function_problem",
    "hybrid",
    "iso",
    "measure",
    "method",
    "race",
    "reaction_curve",
    "read_snapshot",
    "read_tape",
    "rivals",
    "run",
    "write_tape",
]

with suppress(ArgumentError):  # The command line reports it.
    place_compiled_code()


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"tradesim.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'tradesim' has no attribute {name!r}")
