"""What a comparison asks, as data: everything that a worker needs to replay one seed, and the hash that names it."""

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

from tradesim.errors import ArgumentError
from tradesim.experiments.measure import Cache
from tradesim.market.synthetic import SyntheticMarket, generate
from tradesim.market.tape import Tape
from tradesim.market.tape_file import read_tape
from tradesim.simulation.latency import (
    ComputeLatency,
    Fixed,
    LogNormal,
    Measured,
    Profile,
    fixed_compute,
)
from tradesim.simulation.session import Setting
from tradesim.simulation.strategy import Policy, Rule, Strategy, TakeRule
from tradesim.simulation.trigger import SpotMoved, Trigger
from tradesim.units import MICROSECOND, MILLISECOND, duration

DEFAULT_METHODS: Final = ("nothing", "proxy", "analytic", "analytic-slice", "grid", "lightgbm")

CURVE: Final = tuple(
    round(ns)
    for ns in (
        *(0, MICROSECOND, 3 * MICROSECOND, 10 * MICROSECOND, 30 * MICROSECOND, 100 * MICROSECOND, 300 * MICROSECOND),
        *(MILLISECOND, 3 * MILLISECOND, 10 * MILLISECOND, 30 * MILLISECOND, 100 * MILLISECOND),
    )
)
"""Compute latencies, ns, of the curve of P&L against latency."""

Source = SyntheticMarket | Path


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A comparison to be made.

    ``source``      a generated market, a new tape for each seed; or the path of a tape, whose seeds draw latencies
    ``problem``     the problem's name
    ``methods``     one for each row of the table
    ``rule trigger policy`` how every one of them trades
    ``latency``     ``empirical`` (measured, then drawn by seed), ``measured`` (live), ``fixed:40us`` or
                    ``lognormal:40us:0.5``
    ``cache``       what the caches hold when latencies are measured
    ``curve``       fixed compute latencies (ns) at which reference prices are replayed too
    """

    source: Source
    problem: str
    methods: tuple[str, ...]
    seeds: tuple[int, ...]
    rule: Rule = field(default_factory=TakeRule)
    trigger: Trigger = field(default_factory=SpotMoved)
    policy: Policy = Policy.LATEST
    setting: Setting = field(default_factory=Setting)
    latency: str = "empirical"
    cache: Cache = Cache.HOT
    curve: tuple[int, ...] = CURVE

    def __post_init__(self) -> None:
        if not self.methods or len(set(self.methods)) < len(self.methods):
            raise ArgumentError(f"methods {', '.join(self.methods) or '(none)'}: give at least one, and none twice")
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise ArgumentError(f"seeds {list(self.seeds)}: give at least one, and none twice")
        parse_latency(self.latency)

    def strategy(self, method: str) -> Strategy:
        """The shared rule, trigger and policy, pricing by ``method``."""
        return Strategy(method=method, rule=self.rule, trigger=self.trigger, policy=self.policy)

    def tape(self, seed: int) -> Tape:
        """The tape of ``seed``."""
        return generate(self.source, seed=seed) if isinstance(self.source, SyntheticMarket) else read_tape(self.source)

    def manifest(self) -> dict[str, Any]:
        """The configuration and what it ran on, ready for JSON."""
        return {"configuration": plain(self), "versions": _versions(), "host": _host()}


def parse_latency(text: str) -> ComputeLatency | None:
    """The compute latency that ``text`` states for all methods; ``None`` for ``empirical``, each method's own."""
    kind, _, rest = text.partition(":")
    match kind, rest.split(":") if rest else []:
        case "empirical", []:
            return None
        case "measured", []:
            return Measured()
        case "fixed", [ns]:
            return fixed_compute(duration(ns))
        case "lognormal", [median, sigma] if sigma.replace(".", "", 1).isdigit():
            model = LogNormal(median=duration(median), sigma=float(sigma))
            return Profile(price_by_tag={"any": model}, update_model=Fixed(0))
    raise ArgumentError(
        f"latency {text!r}: it is one of empirical, measured, fixed:DURATION or lognormal:MEDIAN:SIGMA; "
        "write for example fixed:40us"
    )


def plain(value: Any) -> Any:
    """``value`` as JSON can hold it; dataclasses keep their name under ``kind``."""
    if is_dataclass(value) and not isinstance(value, type):
        return {"kind": type(value).__name__, **{f.name: plain(getattr(value, f.name)) for f in fields(value)}}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return {"kind": "array", "hash": hashlib.blake2b(value.tobytes(), digest_size=8).hexdigest()}
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return str(value)


def fingerprint(value: Any) -> str:
    """Twelve hexadecimal digits that identify a configuration."""
    text = json.dumps(plain(value), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def _versions() -> dict[str, str]:
    packages = ("tradesim", "numpy", "numba", "polars", "duckdb", "lightgbm", "simpy", "scipy")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def _host() -> dict[str, Any]:
    return {"system": platform.platform(), "processor": _processor(), "cpus": os.cpu_count()}


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
