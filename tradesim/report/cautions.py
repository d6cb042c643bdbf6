"""What a reader must know before the table: lines on how far its latencies and its oracle can be trusted."""

from itertools import groupby
from operator import itemgetter
from typing import Final

from tradesim.results.store import Store
from tradesim.units import formatted

DISTURBED: Final = 0.02
"""The share of decisions that may be disturbed while latencies are taken without a word."""

SHOWN: Final = 4
"""Pairs of methods that a line names."""

APART: Final = 1.5
"""So many times the low block medians of a pricing the high ones may be without a word."""


SMALL: Final = 0.1
"""Ticks that a fee or an edge may be without a word."""

LARGE: Final = 0.5
"""The share of the median option's price that both may be."""


def cautions(store: Store, question: str) -> list[str]:
    """The lines for the stored ``question``, a comparison or a race; none where all is well.

    Of latencies that are stated, or live, what was measured beforehand says nothing.
    """
    asked = store.query(
        "SELECT manifest->>'$.configuration.latency' AS latency, manifest->>'$.configuration.latency.kind' AS kind "
        "FROM (SELECT comparison AS name, manifest FROM comparisons UNION ALL SELECT race, manifest FROM races) "
        "WHERE name = ?",
        [question],
    ).rows()
    drawn = any(latency == "empirical" or kind in {"Stored", "Filed"} for latency, kind in asked)
    of_latencies = (_disturbed, _blocks, _order, _other_trading) if drawn else ()
    return [line for look in (*of_latencies, _amounts, _oracle) for line in look(store, question)]


def _disturbed(store: Store, question: str) -> list[str]:
    rows = store.query(
        "SELECT method, disturbed, readings FROM methods WHERE comparison = ? AND disturbed > ? * readings "
        "ORDER BY position",
        [question, DISTURBED],
    )
    if rows.is_empty():
        return []
    each = ", ".join(f"{name} {100 * disturbed / timed:.0f} %" for name, disturbed, timed in rows.iter_rows())
    return [f"The machine was busy while latencies were taken: of the decisions timed, dropped as disturbed: {each}."]


def _blocks(store: Store, question: str) -> list[str]:
    rows = store.query(
        "SELECT method, low, high FROM method_blocks WHERE comparison = ? AND high > ? * low ORDER BY method",
        [question, APART],
    )
    if rows.is_empty():
        return []
    each = ", ".join(f"{name} {formatted(low)} to {formatted(high)}" for name, low, high in rows.iter_rows())
    return [
        "Blocks of measurements disagree (median pricing of the lowest and the highest tenth of blocks): "
        f"{each}; intervals contain it."
    ]


def _order(store: Store, question: str) -> list[str]:
    rows = store.query(
        "SELECT timing, faster_live, faster_bound FROM timing_disagreements WHERE comparison = ? ORDER BY ALL",
        [question],
    ).rows()
    where = {"hot": "in a loop of its own", "cold": "with flushed caches"}
    return [
        f"The order depends on how pricing is timed: {where[timing]}, {_some(pairs)}; as decisions happen, slower."
        for timing, pairs in ((timing, list(rows)) for timing, rows in groupby(rows, itemgetter(0)))
    ]


def _some(pairs: list[tuple[str, str, str]]) -> str:
    shown = ", ".join(f"{bound} is faster than {live}" for _, live, bound in pairs[:SHOWN])
    return shown + (f" (and {len(pairs) - SHOWN} more)" if len(pairs) > SHOWN else "")


def _other_trading(store: Store, question: str) -> list[str]:
    """A profile tells what it was taken of: a rule, a trigger or a hedge of another kind takes another time."""
    rows = store.query(
        "SELECT part FROM (SELECT q.manifest->'$.configuration.trading' AS here, "
        "coalesce(q.manifest->'$.configuration.latency.about.trading', p.manifest->'$.configuration.trading') AS there "
        "FROM comparisons q LEFT JOIN comparisons p "
        "ON p.comparison = q.manifest->>'$.configuration.latency.comparison' WHERE q.comparison = ?), "
        "(SELECT unnest(['rule', 'trigger', 'hedge']) AS part) "
        "WHERE there IS NOT NULL AND (here->part) IS DISTINCT FROM (there->part) ORDER BY part",
        [question],
    )["part"].to_list()
    if not rows:
        return []
    return [f"The latency profile was taken with another {' and '.join(rows)}: deciding may take another time here."]


def _amounts(store: Store, question: str) -> list[str]:
    """Of a recorded tape: what is usual elsewhere may be nothing, or all, beside its options' prices."""
    rows = store.query(
        "SELECT (manifest->>'$.configuration.setting.fees.taker')::DOUBLE, edge::DOUBLE, "
        "(manifest->>'$.options.tick')::DOUBLE, (manifest->>'$.options.mid')::DOUBLE "
        "FROM (SELECT comparison AS name, manifest, CASE manifest->>'$.configuration.trading.rule.kind' "
        "WHEN 'TakeRule' THEN manifest->>'$.configuration.trading.rule.edge' END AS edge FROM comparisons "
        "UNION ALL SELECT race, manifest, NULL FROM races) "
        "WHERE name = ? AND manifest->>'$.options.tick' IS NOT NULL",
        [question],
    ).rows()
    lines = []
    for fee, edge, tick, mid in rows:
        amounts = {"fee": fee, "edge": edge or 0.0}
        small = " and ".join(f"{name} {each:g}" for name, each in amounts.items() if 0.0 < each < SMALL * tick)
        if small:
            lines.append(f"Hardly anything beside a tick of the tape's options, {tick:g}: {small}; state your venue's.")
        if sum(amounts.values()) > LARGE * mid:
            both = " and ".join(f"{name} {each:g}" for name, each in amounts.items())
            lines.append(f"Much beside the price of the tape's median option, {mid:g}: {both}; state your own.")
    return lines


def _oracle(store: Store, question: str) -> list[str]:
    rows = store.query(
        "SELECT p.role, avg(p.pnl) * any_value(c.money_unit), any_value(c.currency) FROM run_pnl p "
        "JOIN comparisons c USING (comparison) WHERE comparison = ? AND p.role IN ('truth', 'oracle') GROUP BY p.role",
        [question],
    ).rows()
    known = {"truth": "and true slow inputs", "oracle": "at zero latency"}
    return [
        f"Reference prices {known[role]} lose {-money:,.0f} {currency} per seed: the rule pays more than it finds; no "
        "method can mend that."
        for role, money, currency in rows
        if money is not None and money < 0
    ]
