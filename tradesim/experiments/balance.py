"""Whether the makers of a generated market live: what noise brings them, and what takers cost them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from tradesim.experiments.data_source import Market, generated_source
from tradesim.experiments.markets import DEFAULT
from tradesim.home import data_home
from tradesim.market.gains import makers_gains
from tradesim.market.synthetic import SyntheticMarket, generate, noise_instants
from tradesim.methods.registry import make_method
from tradesim.pricing import PROBLEMS
from tradesim.progress import Progress, silent
from tradesim.results.store import finite
from tradesim.simulation.latency import FREE
from tradesim.simulation.run import Seat, run_one
from tradesim.simulation.session import Setting, open_session
from tradesim.simulation.strategy import Strategy
from tradesim.simulation.valuation import Pricing
from tradesim.units import MICROS

WIDEST: Final = 32.0
"""The largest multiplier that is tried; the smallest is one over it."""

CLOSE: Final = 1.02
"""The search ends where a multiplier at which makers lose and one at which they do not are within this ratio."""

MONEY: Final = ("noise", "rivals", "desk")


@dataclass(frozen=True, kw_only=True)
class Balance:
    """What makers earn at each multiplier of their half-spreads that was tried.

    ``table``      one row each, multiplier ascending, as :func:`makers_balance` has it
    ``multiplier`` the least that was tried at which makers do not lose; None: they lose at each
    ``market``     the parameters at that one
    """

    table: pl.DataFrame
    multiplier: float | None
    market: SyntheticMarket | None

    @property
    def never_loses(self) -> bool:
        """Whether makers earn even at the narrowest half-spreads that are tried."""
        return self.multiplier is not None and self.multiplier <= 1.0 / WIDEST

    @property
    def spreads(self) -> dict[str, float]:
        """The half-spreads at which makers break even, by the name of their parameter; empty where they never do."""
        if self.market is None or self.never_loses:
            return {}
        return {name: getattr(self.market, name) for name in ("half_spread_least", "half_spread_share")}

    def to_json(self) -> str:
        """All of it as one JSON object."""
        told = {
            "multiplier": self.multiplier,
            "never_loses": self.never_loses,
            "use": self.spreads,
            "tried": self.table.to_dicts(),
        }
        return json.dumps(finite(told), indent=2, allow_nan=False)


def balance(
    *,
    market: Market | None = None,
    problem: str | None = None,
    seeds: Sequence[int] | None = None,
    progress: Progress = silent,
) -> Balance:
    """Find the half-spreads at which the makers of ``market`` break even, as a multiplier of those that it has.

    By doubling or halving until one multiplier loses and the other does not, then by halving their ratio. Arguments as
    of :func:`tradesim.compare`.
    """
    data_source = generated_source(DEFAULT if market is None else market, problem)
    source = data_source.source
    assert isinstance(source, SyntheticMarket)
    rows: dict[float, dict[str, float]] = {}

    def loses(multiplier: float) -> bool:
        progress(len(rows), len(rows) + 1, "makers' balance")
        tried = scaled(source, multiplier)
        rows[multiplier] = makers_balance(
            tried, data_source.setting, data_source.taking, seeds=seeds or data_source.seeds
        )
        return rows[multiplier]["balance"] < 0.0

    found = least_that_holds(loses)
    return Balance(
        table=pl.DataFrame([{"multiplier": each, **rows[each]} for each in sorted(rows)]),
        multiplier=found,
        market=None if found is None else scaled(source, found),
    )


def scaled(market: SyntheticMarket, multiplier: float) -> SyntheticMarket:
    """The same with half-spreads that are ``multiplier`` times as wide."""
    return replace(
        market,
        half_spread_least=multiplier * market.half_spread_least,
        half_spread_share=min(multiplier * market.half_spread_share, 0.99),
    )


def least_that_holds(fails: Callable[[float], bool]) -> float | None:
    """The least multiplier, within the ratio ``CLOSE``, that does not fail; None: each up to ``WIDEST`` does.

    >>> round(least_that_holds(lambda multiplier: multiplier < 3.0), 1)
    3.0
    """
    failed, held = (1.0, None) if fails(1.0) else (None, 1.0)
    while held is None and failed is not None and failed < WIDEST:
        failed, held = (2.0 * failed, None) if fails(2.0 * failed) else (failed, 2.0 * failed)
    while failed is None and held is not None and held > 1.0 / WIDEST:
        failed, held = (0.5 * held, held) if fails(0.5 * held) else (None, 0.5 * held)
    while failed is not None and held is not None and held / failed > CLOSE:
        middle = float(np.sqrt(failed * held))
        failed, held = (middle, held) if fails(middle) else (failed, middle)
    return held


def makers_balance(
    market: SyntheticMarket, setting: Setting, trading: Strategy, *, seeds: Sequence[int]
) -> dict[str, float]:
    """What the makers of ``market`` earn per seed, currency, and what becomes of the desk that takes from them.

    ``noise``    from noise traders
    ``rivals``   from the rival on the tape
    ``desk``     from one desk that trades as ``trading`` by reference prices at zero compute latency. Each is against
                 fair value, with the maker's fee or rebate
    ``balance``  their sum; ``error`` its standard error over seeds. A quote that both the rival and the desk took
                 counts in both, so it is a lower bound
    ``decisions fills`` of that desk; ``paying`` decisions whose fills' edge net of fees is positive, ``losing`` the
    share of fills whose edge net of fees is negative
    """
    frame = pl.DataFrame([_of_seed(market, setting, trading, seed) for seed in seeds])
    total = frame.select(pl.sum_horizontal(MONEY)).to_series()
    error = total.std() if len(total) > 1 else None
    means = {name: float(frame[name].mean()) for name in frame.columns}  # type: ignore[arg-type]
    return {
        **{name: means[name] for name in MONEY},
        "balance": float(total.mean()),  # type: ignore[arg-type]
        "error": float("nan") if error is None else float(error) / len(total) ** 0.5,  # type: ignore[arg-type]
        **{name: means[name] for name in ("decisions", "paying", "fills")},
        "losing": means["losing"] / max(means["fills"], 1.0),
    }


def _of_seed(market: SyntheticMarket, setting: Setting, trading: Strategy, seed: int) -> dict[str, float]:
    """Money and counts of one seed."""
    tape, problem = generate(market, seed=seed), PROBLEMS[market.problem]
    assert tape.latent is not None
    trades, gain = makers_gains(tape, tape.latent)
    gain = gain - setting.fees.maker * market.multiplier * tape.size[trades]
    by_noise = np.isin(tape.ts[trades], noise_instants(market, seed=seed))
    reference = make_method("reference", problem, data_home())
    reference.bind(tape.chain)
    pricing = Pricing(prices=reference, clock=reference, reference=reference)
    result = run_one(
        open_session(tape, problem, setting, seed=seed), Seat(strategy=trading, pricing=pricing, compute=FREE)
    )
    units = pl.col("quantity") * pl.col("multiplier")
    fills = result.fills.filter(pl.col("contract") >= 0).select(
        "decision",
        units=units.abs(),
        edge=(pl.col("fair") - pl.col("price")) * units / MICROS,
        net=((pl.col("fair") - pl.col("price")) * units - pl.col("fee")) / MICROS,
    )
    per_decision = fills.group_by("decision").agg(pl.col("net").sum())
    return {
        "noise": float(gain[by_noise].sum()),
        "rivals": float(gain[~by_noise].sum()),
        "desk": -float(fills["edge"].sum()) - setting.fees.maker * float(fills["units"].sum()),
        "decisions": len(result.decisions),
        "paying": int((per_decision["net"] > 0.0).sum()),
        "fills": len(fills),
        "losing": int((fills["net"] < 0.0).sum()),
    }
