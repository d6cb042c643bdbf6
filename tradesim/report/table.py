"""The table of a comparison, for people: one row a method, three lines a cell."""

import math
from collections.abc import Mapping
from typing import Any

import polars as pl
from rich.table import Table

from tradesim.units import formatted

FEW_FILLS = 100
"""Below this many fills a recorded tape is said to tell nothing of the P&L."""

FEW_REPLICATES = 5
"""Below this many the views have neither p-values nor intervals."""

EFFECTS = ("slow_inputs", "pricing_effect", "latency_effect", "interaction")


def comparison_table(table: pl.DataFrame, facts: Mapping[str, Any]) -> Table:
    """``table`` is the view ``comparison_table`` of one comparison, ``facts`` its row of ``comparisons``."""
    shown = Table(
        title=_title(table, facts), title_justify="left", caption=_caption(table, facts), caption_justify="left"
    )
    shown.show_lines = True
    for heading, justify in (
        ("method\nfootprint\n", "left"),
        ("latency\np50\np99\np99.9\nsent p50", "right"),
        ("work p50\nfeed\nprice\ndecide\nsend", "right"),
        ("pricing\nlive\nhot\ncold", "right"),
        ("update\np50\n1/100 of it\n+ compute\nbusy", "right"),
        ("price\nerror\nrmse\nmax", "right"),
        ("decisions\norders\nfills\npaying", "right"),
        ("P&L\n± sd", "right"),
        ("P&L error\n(p)\n95 % interval", "right"),
        ("= slow\ninputs\n(p)", "right"),
        ("+ pricing\n(p)", "right"),
        ("+ latency\n(p)", "right"),
        ("+ interaction\n(p)", "right"),
        ("make it\ninstant\n(p)", "right"),
        ("make it\nexact\n(p)", "right"),
    ):
        shown.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for row in table.iter_rows(named=True):
        shown.add_row(*_cells(row, facts))
    return shown


def _cells(row: Mapping[str, Any], facts: Mapping[str, Any]) -> list[str]:
    name = f"{row['method']}\n{bytes_spoken(row['footprint'])}{_memory(row, facts)}"
    if row["tradable"] is False:
        name += "\nnot tradable"
    if row["fallbacks"]:
        name += f"\n{row['fallbacks']:,} fallbacks"
    cells = [
        name,
        _durations(row, "latency_p50", "latency_p99", "latency_p999", "to_wire_p50"),
        _durations(row, "feed_p50", "price_p50", "decide_p50", "send_p50"),
        _durations(row, "price_live_p50", "price_hot_p50", "price_cold_p50"),
        _durations(row, "update_p50", "amortised_p50") + _share(row["update_busy"]),
    ]
    cells.append("-" if row["error_rms"] is None else f"{row['error_rms']:.2g}\n{row['error_max']:.2g}")
    cells.append(
        f"{_count(row['decisions'])}\n{_count(row['orders'])}\n{_count(row['fills'])}\n{_count(row['paying'])}"
    )
    if row["identified"]:
        cells.append(money_told(row["pnl_mean"]) + _under("±", row["pnl_standard_deviation"]))
        cells.append(_effect(row, "pnl_error") + _interval(row["pnl_error_low"], row["pnl_error_high"]))
        return cells + [_effect(row, name) for name in (*EFFECTS, "make_instant", "make_exact")]
    unseen = "not\nidentified"
    pnl = unseen if row["pnl_mean"] is None else money_told(row["pnl_mean"]) + "\nat zero\nlatency"
    seen = (_effect(row, "slow_inputs"), _effect(row, "pricing_effect"))
    return [*cells, pnl, unseen, *seen, *[unseen] * 4]


def _memory(row: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """What the memory costs, or else which level of the host's caches it fits."""
    if row["memory_cost"] is not None:
        return f"\n- {money_told(row['memory_cost'])} for it"
    caches = facts["manifest"].get("host", {}).get("caches", {})
    level = next((name for name, size in sorted(caches.items()) if row["footprint"] <= size), None)
    return "" if not caches else f", in {level}" if level else ", in no cache"


def _share(busy: float | None) -> str:
    return "" if busy is None else f"\n{100 * busy:.2g} %"


def bytes_spoken(count: float) -> str:
    """A number of bytes for people.

    >>> bytes_spoken(340 * 1024)
    '340 KiB'
    """
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.0f} B"


def _title(table: pl.DataFrame, facts: Mapping[str, Any]) -> str:
    seeds = max(table["seeds"].drop_nulls(), default=0)
    return f"{facts['problem']} options on {facts['tape']}; {seeds} seed{'s' * (seeds != 1)}, {len(table)} methods"


def _caption(table: pl.DataFrame, facts: Mapping[str, Any]) -> str:
    lines = [
        f"P&L is edge at the fill net of fees, in {facts['currency']} per seed; P&L error is against reference prices "
        f"at zero latency{_oracle(table)} and is the exact sum of the effects.",
        "Sent: from the start of a decision until its order has left. Work: the stages of a decision, and of each "
        "message, as charged. Pricing: timed as decisions happen, in a loop, after a flush. Busy: share of the second "
        "CPU.",
        "Decisions, orders, fills and paying (decisions whose fills have edge above fees) are summed over seeds.",
        "± sd: standard deviation over seeds. " + certainty(table["replicates"], rows="methods"),
        *_of_strategy(facts["manifest"]["configuration"]["trading"]),
        "Make it instant: what zero latency would add. Make it exact: what reference prices would add.",
    ]
    if table["fallbacks"].fill_null(0).sum():
        lines.append("Fallbacks: prices of contracts outside the method's domain, which the solver answered for it.")
    if facts["fair"] == "markout":
        horizon = facts["manifest"]["configuration"]["setting"]["horizon"]
        lines.append(
            f"Fair value is not known on a recorded tape: P&L is an estimate by markout at {formatted(horizon)}."
        )
        lines.append(_days(facts))
        short = sum(table["short_markouts"].fill_null(0))
        if short:
            lines.append(f"{short} fills are so near its end that their markout is shorter.")
        unvalued = sum(table["unvalued_fills"].fill_null(0))
        if unvalued:
            lines.append(
                f"{unvalued} fills have no identified fair value, since the market closes within the markout or the "
                "tape's instants are farther apart; they are not in the P&L."
            )
        most = max(table["fills"].fill_null(0).to_list(), default=0)
        if most < FEW_FILLS:
            lines.append(f"At most {most} fills: too few to tell methods apart.")
    if facts["resolution"] > 1:
        lines.append(
            f"The tape tells instants apart by {formatted(facts['resolution'])}: what a shorter latency costs is not "
            "identified by it, and is not reported; P&L is then that of the method at zero latency."
        )
    return "\n".join(lines)


def _of_strategy(trading: Mapping[str, Any]) -> list[str]:
    """What the columns count where a strategy does more than take."""
    rule = trading["rule"]
    makes, hedges = isinstance(rule, Mapping) and rule["kind"] == "MakeRule", trading["hedge"] is not None
    return [
        *(["Orders are messages of all kinds: quotes that were placed, replaced and pulled."] if makes else []),
        *(["The P&L counts what hedges pay in the underlying: spread and fees."] if hedges else []),
    ]


def _days(facts: Mapping[str, Any]) -> str:
    source, span = facts["manifest"]["configuration"].get("source"), formatted(facts["span"])
    if isinstance(source, list):
        return f"{len(source)} tapes, {span} in all, each under a seed of its own: p-values are over tapes."
    return f"One tape of {span}: seeds only redraw its latencies, so nothing is said of other days."


def _oracle(table: pl.DataFrame) -> str:
    known = table["slow_inputs_mean"].null_count() < len(table)
    return " and true slow inputs" if known else ""


def _durations(row: Mapping[str, Any], *columns: str) -> str:
    return "\n".join("-" if row[column] is None else formatted(row[column]) for column in columns)


def _effect(row: Mapping[str, Any], name: str) -> str:
    p_value = row[f"{name}_p_value" if name == "slow_inputs" else f"{name}_p_holm"]
    return money_told(row[f"{name}_mean"]) + p_formatted(p_value)


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"\n{money_told(low)} to {money_told(high)}"


def _under(sign: str, value: float | None) -> str:
    return "" if value is None else f"\n{sign} {money_told(value)}"


def money_told(value: float | None) -> str:
    """An amount for people: three significant digits, or whole units; ``-`` where there is none.

    >>> money_told(-1234.5), money_told(0.012345), money_told(None)
    ('-1,234', '0.0123', '-')
    """
    if value is None or not math.isfinite(value):
        return "-"
    if value == 0.0:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"


def seeds_taken(undecided: pl.DataFrame, seeds: int, confidence: float) -> str:
    """How many seeds it took to tell methods apart, and of which pairs it did not."""
    if undecided.is_empty():
        return f"After {seeds} seeds every two methods are told apart, at a confidence of {confidence:g}."
    pairs = (
        f"{method} and {rival}" + (" (equal in every seed)" if p is None else p_formatted(p, " "))
        for method, rival, p in undecided.select("method", "rival", "p_holm").iter_rows()
    )
    return f"After {seeds} seeds undecided, at a confidence of {confidence:g}: {', '.join(pairs)}."


def p_formatted(p_value: float | None, between: str = "\n") -> str:
    """A p-value in brackets, for people; nothing where there is none.

    >>> [p_formatted(p, "") for p in (0.0123, 0.0004, 0.345, 1.0, None)]
    ['(.012)', '(<.001)', '(.34)', '(1)', '']
    """
    if p_value is None:
        return ""
    if p_value < 0.001:
        return f"{between}(<.001)"
    digits = f"{p_value:.3f}" if p_value < 0.0995 else f"{p_value:.2f}"
    return f"{between}({'1' if p_value >= 0.995 else digits.removeprefix('0')})"


def certainty(replicates: pl.Series, *, rows: str) -> str:
    """What the p-values of a table are, whose rows are ``rows``; or why it has none."""
    if min(replicates.drop_nulls(), default=0) < FEW_REPLICATES:
        return f"Fewer than {FEW_REPLICATES} seeds: no p-values and no intervals."
    return f"(p): by Student's t, paired over seeds, corrected for the number of {rows} (Holm 1979)."


def _count(value: int | None) -> str:
    return "0" if value is None else f"{value:,}"
