"""What others proved, and what the simulator finds. Run as a script, it prints the table of README.md."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))

from brownian import passages, stale_quotes
from findings import Finding, as_table
from first import equal_race, exponential_race, lognormal_race
from pegging import cost_of_latency
from reaction import reaction_losses
from sniping import equilibrium

from tradesim.units import MICROSECOND, SECOND

FULL: dict[str, Callable[[], Iterable[Finding]]] = {
    "pegging": lambda: [cost_of_latency(eps, rounds=30_000, seed=1) for eps in (0.01, 0.03, 0.1, 0.2)],
    "lognormal wires": lambda: [lognormal_race(rounds=20_000, seed=1)],
    "exponential delays": lambda: [exponential_race(ratio, rounds=20_000, seed=1) for ratio in (1, 3, 8)],
    "equal desks": lambda: [equal_race(desks, rounds=20_000, seed=1) for desks in (3, 5)],
    "faster sniper": lambda: [equilibrium(snipers=1, faster=True, events=40_000, seed=1)],
    "equal snipers": lambda: [equilibrium(snipers=2, faster=False, events=40_000, seed=2)],
    "stale quotes": lambda: stale_quotes((1.0, 2.0), refreshes=100_000, seed=1),
    "passages": lambda: passages((0.5, 1.0, 1.5, 2.0), steps=100, rounds=10_000, seed=1),
    "reaction": lambda: reaction_losses(
        [us * MICROSECOND for us in (10, 30, 100, 300, 1_000)], seeds=32, duration=120 * SECOND
    ),
}
"""Each theory at the size of the table: a few seconds to half a minute."""

QUICK: dict[str, Callable[[], Iterable[Finding]]] = {
    "pegging": lambda: [cost_of_latency(eps, rounds=2_000, seed=2) for eps in (0.03, 0.2)],
    "lognormal wires": lambda: [lognormal_race(rounds=2_000, seed=2)],
    "exponential delays": lambda: [exponential_race(8, rounds=2_000, seed=2)],
    "equal desks": lambda: [equal_race(3, rounds=2_000, seed=2)],
    "faster sniper": lambda: [equilibrium(snipers=1, faster=True, events=2_000, seed=2)],
    "stale quotes": lambda: stale_quotes((1.0, 2.0), refreshes=5_000, seed=2),
    "passages": lambda: passages((0.5, 1.5), steps=100, rounds=1_000, seed=2),
}
"""The same, within a second each and as much less sure."""

if __name__ == "__main__":
    print(as_table(finding for found in FULL.values() for finding in found()))
