"""The American table's way from raw inputs to prices, compiled: see :mod:`tradesim.methods.tables.american`.

Contracts come in blocks of ``LANES``, a column after another: float64[blocks, INPUTS * LANES]. Each stage is a loop
without branches from one array to one scratch array, whose columns are a constant number of floats apart: LLVM then
knows that they do not overlap, and makes vector instructions of the loop.
"""

import math
from typing import Final

import numpy as np
from numba import njit

from tradesim.methods.interpolation import Pages
from tradesim.methods.staged import DIVIDEND, EXPIRY, RATE, RIGHT, STRIKE, VOLATILITY
from tradesim.methods.tables.pages import EIGHT, blend_eight
from tradesim.pricing.elementary import exp, log, log_ratio
from tradesim.pricing.european import time_value
from tradesim.pricing.problem import Floats

LANES: Final = 64
INPUTS: Final = 6
SOFT: Final = 0.02
"""Square of the volatility (0.14) below which rates weigh by the variance, and above which by time alone."""
BEND: Final = 0.002
"""Drifts are bent to ``asinh(drift / BEND)``: about linear within this size, logarithmic beyond."""
LEAST_REACH: Final = 1e-3
"""A boundary is kept as ``1 / (1 - ln b / v)``: 1 at the strike, 0 infinitely far below; this is the least."""

DEVIATION: Final = 0 * LANES
MONEYNESS: Final = 1 * LANES
CASH_DISCOUNT: Final = 2 * LANES
ASSET_DISCOUNT: Final = 3 * LANES
FIRST: Final = 4 * LANES
SECOND: Final = 5 * LANES
THIRD: Final = 6 * LANES
CELL: Final = 7 * LANES
AMPLITUDE: Final = 8 * LANES
ARGUMENT: Final = 9 * LANES
PREMIUM: Final = 10 * LANES
SCRATCH: Final = 11 * LANES
"""Columns of the scratch array. Three of them hold the slow coordinates, then positions behind the first node."""


@njit(cache=True, error_model="numpy")
def write_blocks(slow: Floats, blocks: Floats) -> None:
    """Write the slow inputs of a chain in blocks."""
    for i in range(len(slow)):
        block = blocks[i // LANES]
        for k in range(INPUTS):
            block[k * LANES + i % LANES] = slow[i, k]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def european_put(cash: float, asset: float, moneyness: float, v: float) -> float:
    """The European price in put terms, from present values and the deviations that part their logarithms."""
    sure = cash - asset
    value: float = (sure if sure > 0.0 else 0.0) + time_value(asset, cash, moneyness, v)
    return value


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def write_state(spot: float, block: Floats, count: int, scratch: Floats) -> None:
    """Write deviation, moneyness in put terms, and discount factors."""
    for i in range(count):
        call = block[RIGHT * LANES + i] > 0.0
        expiry = block[EXPIRY * LANES + i]
        rate = block[DIVIDEND * LANES + i] if call else block[RATE * LANES + i]
        dividend = block[RATE * LANES + i] if call else block[DIVIDEND * LANES + i]
        moneyness = log_ratio(spot, block[STRIKE * LANES + i])
        scratch[DEVIATION + i] = block[VOLATILITY * LANES + i] * math.sqrt(expiry)
        scratch[MONEYNESS + i] = -moneyness if call else moneyness
        scratch[CASH_DISCOUNT + i] = exp(-rate * expiry)
        scratch[ASSET_DISCOUNT + i] = exp(-dividend * expiry)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def write_coordinates(block: Floats, count: int, scratch: Floats) -> None:
    """Write the three slow coordinates, from inputs and the state."""
    for i in range(count):
        call = block[RIGHT * LANES + i] > 0.0
        rate = block[DIVIDEND * LANES + i] if call else block[RATE * LANES + i]
        dividend = block[RATE * LANES + i] if call else block[DIVIDEND * LANES + i]
        v = scratch[DEVIATION + i]
        time = block[EXPIRY * LANES + i] * (1.0 + SOFT / (v * v))
        drift = (rate - dividend) * time / BEND
        size = abs(drift)
        bent = log(size + math.sqrt(size * size + 1.0))
        scratch[FIRST + i] = math.sqrt(v)
        scratch[SECOND + i] = math.sqrt(rate * time if rate > 0.0 else 0.0)
        scratch[THIRD + i] = bent if drift > 0.0 else -bent


@njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def held(position: float, last: float) -> float:
    """The position within the axis; what is not a number is at its beginning."""
    above = position if position > 0.0 else 0.0
    return above if above < last else last


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def write_cells(count: int, n0: int, n1: int, n2: int, reach: int, box: Floats, scratch: Floats) -> None:
    """Turn coordinates into the number of the first node of ``reach`` on each axis, and positions behind it.

    ``box`` float64[6]: where each axis begins, and nodes per unit along it.
    """
    low0, low1, low2 = box[0], box[1], box[2]
    per0, per1, per2 = box[3], box[4], box[5]
    before = 0.5 * reach - 1.0
    for i in range(count):
        a = held((scratch[FIRST + i] - low0) * per0, n0 - 1.0)
        b = held((scratch[SECOND + i] - low1) * per1, n1 - 1.0)
        c = held((scratch[THIRD + i] - low2) * per2, n2 - 1.0)
        first = math.floor(held(a - before, n0 - float(reach)))
        second = math.floor(held(b - before, n1 - float(reach)))
        third = math.floor(held(c - before, n2 - float(reach)))
        scratch[FIRST + i] = a - first
        scratch[SECOND + i] = b - second
        scratch[THIRD + i] = c - third
        scratch[CELL + i] = (first * n1 + second) * n2 + third


@njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def linear_weights(p: float) -> tuple[np.float32, np.float32]:
    """Weights of two nodes at a position ``p`` behind the first."""
    return np.float32(1.0 - p), np.float32(p)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def cubic_weights(p: float) -> tuple[np.float32, np.float32, np.float32, np.float32]:
    """Weights of four nodes at a position ``p`` behind the first."""
    a, b, c = p - 1.0, p - 2.0, p - 3.0
    bc, pa = b * c, p * a
    return np.float32(a * bc / -6.0), np.float32(0.5 * p * bc), np.float32(-0.5 * pa * c), np.float32(pa * b / 6.0)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def blend_linear(table: Pages, count: int, n1: int, n2: int, scratch: Floats, pages: Pages) -> None:
    """Write the page of each contract from the eight around it."""
    for i in range(count):
        u, s = linear_weights(scratch[FIRST + i]), linear_weights(scratch[SECOND + i])
        w = linear_weights(scratch[THIRD + i])
        for k in range(0, pages.shape[1], EIGHT):
            blend_eight(table, int(scratch[CELL + i]), n1, n2, u, s, w, pages, i, k)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def blend_cubic(table: Pages, count: int, n1: int, n2: int, scratch: Floats, pages: Pages) -> None:
    """Write the page of each contract from the sixty-four around it."""
    for i in range(count):
        u, s = cubic_weights(scratch[FIRST + i]), cubic_weights(scratch[SECOND + i])
        w = cubic_weights(scratch[THIRD + i])
        for k in range(0, pages.shape[1], EIGHT):
            blend_eight(table, int(scratch[CELL + i]), n1, n2, u, s, w, pages, i, k)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def write_amplitudes(block: Floats, count: int, pages: Pages, end: float, scratch: Floats) -> None:
    """Write what exercise at the boundary is worth above the European price, and the argument of the polynomial."""
    for i in range(count):
        scratch[AMPLITUDE + i] = np.float64(pages[i, 0])
    for i in range(count):
        call = block[RIGHT * LANES + i] > 0.0
        carry = (block[RATE * LANES + i] - block[DIVIDEND * LANES + i]) * block[EXPIRY * LANES + i]
        drift = -carry if call else carry
        v = scratch[DEVIATION + i]
        reach = scratch[AMPLITUDE + i]
        reach = LEAST_REACH if reach < LEAST_REACH else reach
        boundary = v * (1.0 - 1.0 / (1.0 if reach > 1.0 else reach))
        level = exp(boundary)
        paid, received = scratch[CASH_DISCOUNT + i], level * scratch[ASSET_DISCOUNT + i]
        european = european_put(paid, received, (boundary + drift) / v, v)
        scratch[AMPLITUDE + i] = 1.0 - level - european
        scratch[ARGUMENT + i] = (scratch[MONEYNESS + i] - boundary) / v * (2.0 / end) - 1.0


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def write_premiums(count: int, pages: Pages, scratch: Floats) -> None:
    """Write the share of the amplitude that is left: Horner's rule, all contracts abreast."""
    for i in range(count):
        scratch[PREMIUM + i] = np.float64(pages[i, 1])
    for k in range(2, pages.shape[1]):
        for i in range(count):
            scratch[PREMIUM + i] = scratch[PREMIUM + i] * scratch[ARGUMENT + i] + np.float64(pages[i, k])


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def write_prices(spot: float, block: Floats, count: int, scratch: Floats, out: Floats) -> None:
    """Compose the prices. Each is worth no less than exercise now and no more than the cash that it can bring, now or
    at expiry.

    In exercise, beyond the polynomial's end, and where early exercise never pays, there is no premium.
    """
    for i in range(count):
        call = block[RIGHT * LANES + i] > 0.0
        strike, expiry = block[STRIKE * LANES + i], block[EXPIRY * LANES + i]
        rate = block[DIVIDEND * LANES + i] if call else block[RATE * LANES + i]
        dividend = block[RATE * LANES + i] if call else block[DIVIDEND * LANES + i]
        cash, asset = spot if call else strike, strike if call else spot
        drift = (rate - dividend) * expiry
        paid, received = cash * scratch[CASH_DISCOUNT + i], asset * scratch[ASSET_DISCOUNT + i]
        v = scratch[DEVIATION + i]
        european = european_put(paid, received, (scratch[MONEYNESS + i] + drift) / v, v)
        early = (rate > 0.0) | ((rate == 0.0) & (dividend < 0.0))
        argument = scratch[ARGUMENT + i]
        share = scratch[AMPLITUDE + i] * scratch[PREMIUM + i]
        share = share if (share > 0.0) & (argument > -1.0) & (argument < 1.0) & early else 0.0
        intrinsic = cash - asset if cash > asset else 0.0
        least = intrinsic if early else 0.0
        price = european + cash * share
        price = least if price < least else price
        most = paid if paid > cash else cash
        price = most if price > most else price
        out[i] = intrinsic if expiry <= 0.0 else price


@njit(cache=True, error_model="numpy")
def finish_block(
    spot: float, block: Floats, count: int, pages: Pages, end: float, scratch: Floats, out: Floats
) -> None:
    """From pages to prices, once the state is written."""
    write_amplitudes(block, count, pages, end, scratch)
    write_premiums(count, pages, scratch)
    write_prices(spot, block, count, scratch, out)


@njit(cache=True, error_model="numpy")
def american_prices(
    spot: float, blocks: Floats, table: Pages, plan: Floats, scratch: Floats, pages: Pages, out: Floats
) -> None:
    """Write the prices of a chain: state, coordinates, cells, pages, prices, block by block.

    ``plan`` float64[11]: nodes along each axis, where each begins, nodes per unit along it; the reach of the blend; the
    span of the polynomials. ``scratch`` and ``pages`` are workspace.
    """
    n0, n1, n2 = int(plan[0]), int(plan[1]), int(plan[2])
    reach, end = int(plan[9]), plan[10]
    for number in range(len(blocks)):
        block, first = blocks[number], number * LANES
        count = min(LANES, len(out) - first)
        write_state(spot, block, count, scratch)
        write_coordinates(block, count, scratch)
        write_cells(count, n0, n1, n2, reach, plan[3:9], scratch)
        if reach == 2:
            blend_linear(table, count, n1, n2, scratch, pages)
        else:
            blend_cubic(table, count, n1, n2, scratch, pages)
        finish_block(spot, block, count, pages, end, scratch, out[first:])


@njit(cache=True, error_model="numpy")
def american_places(blocks: Floats, scratch: Floats, out: Floats) -> None:
    """Write the coordinates of a chain, float64[n, 3]."""
    for number in range(len(blocks)):
        first = number * LANES
        count = min(LANES, len(out) - first)
        write_state(1.0, blocks[number], count, scratch)
        write_coordinates(blocks[number], count, scratch)
        for i in range(count):
            out[first + i, 0] = scratch[FIRST + i]
            out[first + i, 1] = scratch[SECOND + i]
            out[first + i, 2] = scratch[THIRD + i]


@njit(cache=True, error_model="numpy")
def american_finish(spot: float, blocks: Floats, pages: Floats, end: float, scratch: Floats, out: Floats) -> None:
    """Write the prices of a chain that follow from its pages."""
    for number in range(len(blocks)):
        first = number * LANES
        count = min(LANES, len(out) - first)
        write_state(spot, blocks[number], count, scratch)
        finish_block(spot, blocks[number], count, pages[first:], end, scratch, out[first:])


@njit(cache=True, error_model="numpy")
def write_unit_put(coordinates: Floats, put: Floats) -> None:
    """Write volatility, rate and dividend of the put with expiry 1 that has these coordinates."""
    v = coordinates[0] * coordinates[0]
    pace = 1.0 + SOFT / (v * v)
    rate = coordinates[1] * coordinates[1] / pace
    put[VOLATILITY], put[RATE] = v, rate
    put[DIVIDEND] = rate - BEND * math.sinh(coordinates[2]) / pace
