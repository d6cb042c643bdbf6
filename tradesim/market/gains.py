"""What the makers of a modelled market gain and lose on its trades, against what the options are worth."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tradesim.market.chain import Settlement
from tradesim.market.latent import level_steps
from tradesim.market.makers import theoretical_values
from tradesim.market.tape import QUOTE, TRADE, UNDERLYING, Latent, Tape, problem_of
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Floats
from tradesim.units import MICROS

Integers = NDArray[np.int64]


def makers_gains(tape: Tape, latent: Latent) -> tuple[Integers, Floats]:
    """The rows of trades in options, int64[k], and what their makers gained, before fees: float64[k], currency.

    ``latent`` is the truth of ``tape``. A maker who bought at the bid gains what the contract is worth less the price,
    one who sold at the ask the price less what it is worth; it is a loss where negative.
    """
    trades, sold = _trades(tape)
    contract = tape.instrument[trades].astype(np.int64) - 1
    worth = _worth(tape, latent, contract, tape.ts[trades])
    units = tape.size[trades] * tape.chain.multiplier[contract] * tape.lot
    return trades, np.where(sold, 1.0, -1.0) * (tape.price[trades] / MICROS - worth) * units


def _trades(tape: Tape) -> tuple[Integers, NDArray[np.bool_]]:
    """Rows of trades in options at a side of the quote before them, and whether it was the ask."""
    told = np.flatnonzero((tape.instrument != UNDERLYING) & ((tape.kind == QUOTE) | (tape.kind == TRADE)))
    told = told[np.argsort(tape.instrument[told], kind="stable")]
    trade = np.flatnonzero(tape.kind[told] == TRADE)
    trade = trade[trade > 0]
    row, before = told[trade], told[trade - 1]
    sold = (tape.price[row] == tape.ask[before]) & (tape.ask_size[before] > 0)
    bought = (tape.price[row] == tape.bid[before]) & (tape.bid_size[before] > 0)
    same = (tape.kind[before] == QUOTE) & (tape.instrument[before] == tape.instrument[row]) & (sold | bought)
    return row[same], sold[same]


def _worth(tape: Tape, latent: Latent, contract: Integers, instant: Integers) -> Floats:
    """Value of each ``contract`` at its ``instant``, currency; time to expiry is that of the level's last step."""
    row = np.maximum(np.searchsorted(latent.ts, instant, side="right") - 1, 0)
    steps = level_steps(latent)
    stepped = latent.ts[steps[np.searchsorted(steps, np.arange(len(latent.ts)), side="right") - 1]]
    worth = np.empty(len(contract))
    for each in np.unique(contract):
        mine = contract == each
        states, back = np.unique(np.append(0, row[mine]), return_inverse=True)
        index = np.array([each], dtype=np.int64)
        values = theoretical_values(
            replace(
                latent,
                ts=stepped[states],
                spot=latent.spot[states],
                level=latent.level[states],
                smile=latent.smile[index],
            ),
            tape.chain.select(index),
            np.arange(len(states)),
            rate=tape.rate,
            dividend=tape.dividend if tape.carry is None else tape.rate - tape.carry[index],
            problem=PROBLEMS[problem_of(tape)],
        )[:, 0]
        if tape.chain.settlement is Settlement.INVERSE:
            values = values / latent.spot[states]
        worth[mine] = values[back[1:]]
    return worth
