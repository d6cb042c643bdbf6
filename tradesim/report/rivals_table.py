"""The tables of `tradesim rivals`, for people: what is kept, who earns what, and what holds whatever rivals do."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import polars as pl
from rich.table import Table

from tradesim.units import formatted


def rivals_table(table: pl.DataFrame, facts: Mapping[str, Any]) -> Table:
    """One row per reaction, one column per latency; ``table`` is of a :class:`~tradesim.experiments.rivals.Rivals`."""
    seeds = int(table["seeds"].to_numpy().max())
    shown = Table(
        title="Share of the P&L that is kept, by own compute latency and the makers' reaction: "
        f"{facts['problem']} options on generated markets; {seeds} seed{'s' * (seeds != 1)}",
        title_justify="left",
        caption="Of reference prices, over what they earn at zero compute latency; in brackets by the formula, "
        "P(D > w + L) / P(D > w).",
        caption_justify="left",
    )
    shown.add_column("makers' median", justify="right", no_wrap=True)
    for ns in table["compute_ns"].unique().sort():
        shown.add_column("at once" if ns == 0 else formatted(ns), justify="right", no_wrap=True)
    for (reaction,), row in table.group_by("reaction", maintain_order=True):
        cells = (
            f"{_share(kept)} ({_share(analytic)})" for kept, analytic in row.select("kept", "analytic").iter_rows()
        )
        shown.add_row(formatted(_number(reaction)), *cells)
    return shown


def rivals_methods_table(methods: pl.DataFrame, facts: Mapping[str, Any]) -> Table:
    """One row per reaction, one column per method; ``methods`` are those of the same."""
    shown = Table(
        title="P&L of each method at its own latency, and the share of what reference prices earn at once",
        title_justify="left",
        caption=f"P&L is edge at the fill net of fees, in {facts['currency']} per seed.",
        caption_justify="left",
    )
    shown.add_column("makers' median", justify="right", no_wrap=True)
    names = methods["method"].unique(maintain_order=True).to_list()
    for name in names:
        taken = methods.filter(method=name)["to_wire_p50"][0]
        shown.add_column(f"{name}\n{formatted(taken)}", justify="right", no_wrap=True)
    for (reaction,), row in methods.group_by("reaction", maintain_order=True):
        found = row.rows_by_key("method", named=True, unique=True)
        cells = (f"{found[name]['pnl']:,.0f} ({_share(found[name]['kept'])})" for name in names)
        shown.add_row(formatted(_number(reaction)), *cells)
    return shown


def statements(differences: pl.DataFrame) -> list[str]:
    """What holds at all reactions, at some, and what does not: sentences, from the ``differences`` of the same.

    A method earns more than another one where the 95 % interval of the paired difference says so.
    """
    if differences.is_empty():
        return []
    if differences["low"].null_count():
        return ["Below five seeds there is no interval: who earns more is not stated."]
    return [*_chains(differences), *_pairs(differences)]


def _chains(differences: pl.DataFrame) -> list[str]:
    """The order of the methods at all reactions, then at all but the slowest ones where it is finer."""
    reactions = differences["reaction"].unique().sort().to_list()
    whole = _range(reactions, reactions)
    said = [] if len(_chain(differences)) > 1 else [f"No order of all methods holds at every median tried, {whole}."]
    finest = 1
    for count in range(len(reactions), 0, -1):
        chain = _chain(differences.filter(pl.col("reaction").is_in(reactions[:count])))
        if len(chain) > finest:
            part = f"Up to {formatted(reactions[count - 1])}"
            where = f"Whatever the makers' median, {whole}" if count == len(reactions) else part
            said.append(f"{where}: {' < '.join(map(', '.join, chain))}.")
            finest = len(chain)
    return said


def _chain(differences: pl.DataFrame) -> list[list[str]]:
    """Groups of methods, of which each member earns less than each of later groups, at every reaction there is."""
    names = list(dict.fromkeys([*differences["method"], *differences["rival"]]))
    wins = {(a, b): False for a in names for b in names}
    for (method, rival), rows in differences.group_by("method", "rival"):
        signs = set(rows["sign"])
        wins[str(method), str(rival)], wins[str(rival), str(method)] = signs == {1}, signs == {-1}
    ranked = sorted(names, key=lambda name: sum(wins[name, other] - wins[other, name] for other in names))
    groups: list[list[str]] = [[]]
    for place, name in enumerate(ranked):
        if groups[-1] and all(wins[later, before] for later in ranked[place:] for before in ranked[:place]):
            groups.append([])
        groups[-1].append(name)
    return groups


def _pairs(differences: pl.DataFrame) -> list[str]:
    """One sentence per pair."""
    tried = differences["reaction"].unique().sort().to_list()
    names = list(dict.fromkeys([*differences["method"], *differences["rival"]]))
    return [
        _pair(method, rival, differences.filter(method=method, rival=rival).sort("reaction"), tried)
        for method, rival in combinations(names, 2)
    ]


def _pair(method: str, rival: str, rows: pl.DataFrame, tried: Sequence[int]) -> str:
    where = {sign: rows.filter(sign=sign)["reaction"].to_list() for sign in (1, -1, 0)}
    open_at = f"; undecided at {_range(where[0], tried)}" if where[0] else ""
    if where[1] and where[-1]:
        first, second = _range(where[1], tried), _range(where[-1], tried)
        return f"{method} and {rival} change places: {method} earns more at {first}, {rival} at {second}{open_at}."
    if not where[1] and not where[-1]:
        largest = rows["mean"].abs().max()
        return f"{method} and {rival}: undecided at all reactions, the largest difference is {_money(largest)}."
    sign = 1 if where[1] else -1
    more, less = (method, rival) if sign > 0 else (rival, method)
    amounts = rows.filter(sign=sign)["mean"].abs()
    at = "all reactions" if not where[0] else _range(where[sign], tried)
    by = f"by {_money(amounts.min())} to {_money(amounts.max())}" if len(amounts) > 1 else f"by {_money(amounts[0])}"
    return f"{more} earns more than {less} at {at}, {by}{open_at}."


def _range(reactions: Sequence[int], tried: Sequence[int]) -> str:
    """Reactions for people: as first to last where they are three or more neighbours of those ``tried``.

    >>> _range([10_000, 30_000, 100_000], [10_000, 30_000, 100_000, 1_000_000]), _range([10_000, 100_000], [10_000])
    ('10 us to 100 us', '10 us, 100 us')
    """
    between = [each for each in tried if reactions[0] <= each <= reactions[-1]]
    if len(reactions) > 2 and len(between) == len(reactions):
        return f"{formatted(reactions[0])} to {formatted(reactions[-1])}"
    return ", ".join(map(formatted, reactions))


def _share(share: float | None) -> str:
    return "-" if share is None else f"{round(share, 3) + 0.0:.1%}"


def _money(amount: Any) -> str:
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:.3g}"


def _number(key: Any) -> float:
    return float(key)
