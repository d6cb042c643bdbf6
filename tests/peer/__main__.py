"""``python tests/peer``: the README's table of parity, of the recorded tapes where they are beside the project."""

import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "support"))

from parity import Parity, larger_quotes, quotes, takes  # noqa: E402
from parity_tapes import MARKETS, market  # noqa: E402
from peer import QUEUES  # noqa: E402

from tradesim.units import MILLISECOND, SECOND  # noqa: E402

DATA = HERE.parents[2] / "shared" / "data"


def main() -> None:
    """A row for each tape and rule."""
    print("| tape | rule | orders | fills | equal | explained | unexplained |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in MARKETS:
        if name != "generated" and not DATA.is_dir():
            continue
        played = market(name, DATA)
        for lots in (1, 5):
            _print(name, f"take, {lots} lot{'s' * (lots > 1)}", [takes(*played, lots=lots)])
        every = [quotes(*played, queue=queue, stand=stand) for queue in QUEUES for stand in (100 * MILLISECOND, SECOND)]
        _print(name, f"quote and cancel, 1 lot, {len(QUEUES)} queue models", every)
        _print(name, "quote and cancel, 40 lots", [larger_quotes(*played)])


def _print(name: str, rule: str, parities: list[Parity]) -> None:
    orders, fills, equal, unexplained = (
        sum(counts)
        for counts in zip(*((len(p.pairs), p.fills, p.equal, len(p.unexplained)) for p in parities), strict=True)
    )
    explained = sum((p.explained for p in parities), Counter())
    reasons = ", ".join(f"{count:,} {why}" for why, count in explained.items()) or "-"
    print(f"| {name} | {rule} | {orders:,} | {fills:,} | {equal:,} | {reasons} | {unexplained} |", flush=True)


if __name__ == "__main__":
    main()
