"""tradesim: solver, table or model, compared on the money they make under latency."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradesim.errors import TradesimError
    from tradesim.experiments.advise import advise
    from tradesim.experiments.break_even import BreakEven, break_even
    from tradesim.experiments.compare import Comparison, compare
    from tradesim.experiments.frontier import Frontier, frontier
    from tradesim.experiments.iso import IsoPnl, iso
    from tradesim.experiments.run import run
    from tradesim.market.synthetic import SyntheticMarket
    from tradesim.market.tape_file import read_tape, write_tape
    from tradesim.methods.method import Method
    from tradesim.pricing.function import function_problem
    from tradesim.pricing.problem import Problem
    from tradesim.results.store import Store
    from tradesim.simulation.session import Setting
    from tradesim.simulation.strategy import Policy, Strategy, TakeRule
    from tradesim.simulation.trigger import EveryNth, EveryQuote, SpotMoved, Timer

_HOMES = {
    "BreakEven": "experiments.break_even",
    "Comparison": "experiments.compare",
    "EveryNth": "simulation.trigger",
    "EveryQuote": "simulation.trigger",
    "Frontier": "experiments.frontier",
    "IsoPnl": "experiments.iso",
    "Method": "methods.method",
    "Policy": "simulation.strategy",
    "Problem": "pricing.problem",
    "Setting": "simulation.session",
    "SpotMoved": "simulation.trigger",
    "Store": "results.store",
    "Strategy": "simulation.strategy",
    "SyntheticMarket": "market.synthetic",
    "TakeRule": "simulation.strategy",
    "Timer": "simulation.trigger",
    "TradesimError": "errors",
    "advise": "experiments.advise",
    "break_even": "experiments.break_even",
    "compare": "experiments.compare",
    "frontier": "experiments.frontier",
    "function_problem": "pricing.function",
    "iso": "experiments.iso",
    "read_tape": "market.tape_file",
    "run": "experiments.run",
    "write_tape": "market.tape_file",
}
"""Where each public name lives; it is imported when it is first asked for, so that `tradesim --help` is quick."""

__all__ = [
    "BreakEven",
    "Comparison",
    "EveryNth",
    "EveryQuote",
    "Frontier",
    "IsoPnl",
    "Method",
    "Policy",
    "Problem",
    "Setting",
    "SpotMoved",
    "Store",
    "Strategy",
    "SyntheticMarket",
    "TakeRule",
    "Timer",
    "TradesimError",
    "advise",
    "break_even",
    "compare",
    "frontier",
    "function_problem",
    "iso",
    "read_tape",
    "run",
    "write_tape",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"tradesim.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'tradesim' has no attribute {name!r}")
