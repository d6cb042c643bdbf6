"""Quotes that are sniped: Budish, Cramton and Shim (Quarterly Journal of Economics 130(4), 2015, section VI).

A value V jumps at times, by sizes J; investors come at times, and buy or sell one share. One firm provides liquidity at
V - h and V + h, h half the spread; the others snipe. After a jump all firms send at once: the provider to move its
quotes, the others to take the stale one where |J| > h; who is first is chance alone. Firms are as well off in either
role, so the provider's profit is that of each sniper. Where N firms are equally fast the provider is sniped with
probability (N - 1) / N and a sniper is first with 1 / N, and the two sum to the paper's equation (3), whatever N is:

    rate of investors x h = rate of jumps x Pr(|J| > h) E[|J| - h | |J| > h].

Where every sniper is faster the provider is always sniped, and the same equation says that its profit is zero. Jumps
that are exponential of mean theta make the right side rate of jumps x theta exp(-h / theta); at equal rates h / theta
is .5671, the omega constant.

Only the order of events matters where latencies are far shorter than the time between them, so events come at a
constant pace, each a jump or an investor by the toss of a coin.
"""

from dataclasses import dataclass

import numpy as np
from findings import Finding
from probes import START, run_probe, seat_of
from scipy.special import lambertw
from tapes import quotes, spots, tape_of_columns, trades

from tradesim.pricing import PROBLEMS
from tradesim.simulation.book import ASK, ASK_LEFT, BID, BID_LEFT, BUY, SELL
from tradesim.simulation.latency import ZERO, LogNormal
from tradesim.simulation.orders import Kind
from tradesim.simulation.screen import NOTHING, NUMBER, PRICE, STATE, WORKING
from tradesim.simulation.session import Session, Setting, open_session
from tradesim.simulation.strategy import Custom, Strategy
from tradesim.simulation.trigger import EveryQuote, SpotMoved
from tradesim.simulation.venue_rules import Fees
from tradesim.simulation.wires import Wires
from tradesim.units import MICROS, MICROSECOND, MILLISECOND

EVENT = 2 * MILLISECOND
"""Between two events. Half-way the provider looks again, and quotes anew what has been taken."""

THETA = MICROS
FAR = 1_000 * MICROS
"""From V: at what investors at most trade, and quotes that nobody takes."""

OMEGA = float(lambertw(1.0).real)


@dataclass(frozen=True, kw_only=True)
class Provider:
    """Keeps one lot at V - ``half`` and one at V + ``half`` (micros)."""

    half: int

    def decide(self, screen):
        """Place what does not stand and move what stands elsewhere; the side towards which V moved goes last."""
        value = round(screen.spot * MICROS)
        rises = bool(screen.working[0, 1, STATE] == WORKING and screen.working[0, 1, PRICE] < value + self.half)
        rows = [self._side(screen, value, direction) for direction in ((SELL, BUY) if rises else (BUY, SELL))]
        return np.array([row for row in rows if row], dtype=np.int64).reshape(-1, 6)

    def _side(self, screen, value, direction):
        order, limit = screen.working[0, 0 if direction == BUY else 1], value - direction * self.half
        if order[STATE] == NOTHING:
            return [0, direction, 1, limit, Kind.LIMIT, -1]
        if order[STATE] == WORKING and order[PRICE] != limit:
            return [0, direction, 1, limit, Kind.REPLACE, order[NUMBER]]
        return None


def snipe(screen):
    """Take a quote on the wrong side of V."""
    quote, value = screen.book[1], round(screen.spot * MICROS)
    if quote[ASK_LEFT] > 0 and quote[ASK] < value:
        return np.array([[0, BUY, 1, quote[ASK]]])
    if quote[BID_LEFT] > 0 and quote[BID] > value:
        return np.array([[0, SELL, 1, quote[BID]]])
    return np.empty((0, 4), dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Market:
    """Events on a tape: ``value`` int64[n], V in micros after each of them."""

    session: Session
    value: np.ndarray

    def profits(self, half: int, *, snipers: int, head_start: int) -> np.ndarray:
        """What each desk, the provider first, earns at each event, in theta: float64[1 + snipers, n].

        ``half`` in micros; the provider thinks for ``head_start`` ns, a sniper not at all.
        """
        provider = seat_of(Strategy(rule=Provider(half=half), trigger=EveryQuote()), compute=head_start)
        rivals = [seat_of(Strategy(rule=Custom(function=snipe), trigger=SpotMoved())) for _ in range(snipers)]
        out = np.zeros((1 + snipers, len(self.value)))
        for desk, result in enumerate(run_probe(self.session, provider, *rivals)):
            event = (result.fills["venue"].to_numpy() - START) // EVENT
            gains = result.fills["quantity"].to_numpy() * (self.value[event] - result.fills["price"].to_numpy())
            np.add.at(out[desk], event, gains / THETA)
        return out


def market(*, events: int, seed: int) -> Market:
    """Jumps and investors, as many to be expected of the one as of the other, all alike to either side."""
    rng = np.random.default_rng(seed)
    jumps, side = rng.random(events) < 0.5, np.where(rng.random(events) < 0.5, -1, 1)
    jumps[0] = False
    moves = np.where(jumps, side * np.rint(rng.exponential(THETA, events)).astype(np.int64), 0)
    value = 10_000_000 * MICROS + np.cumsum(moves)
    at = np.arange(events) * EVENT
    comes = ~jumps
    comes[0] = False
    tape = tape_of_columns(
        quotes([0], value[:1] - 1_000 * FAR, value[:1] + 1_000 * FAR),
        spots(at, value),
        spots(at + EVENT // 2, value),
        trades(at[comes], value[comes] + side[comes] * FAR, side[comes]),
    )
    wires = Wires(feed=ZERO, entry=LogNormal(median=50 * MICROSECOND, sigma=0.5), response=ZERO)
    setting = Setting(wires=wires, fees=Fees(taker=0.0), horizon=0)
    return Market(session=open_session(tape, PROBLEMS["european"], setting, seed=seed), value=value)


def equal_snipers(snipers: int, *, events: int, seed: int) -> np.ndarray:
    """How many stale quotes each of ``snipers`` took, and how many the provider saved, which comes last."""
    scene = market(events=events, seed=seed)
    half = round(OMEGA * THETA)
    took = scene.profits(half, snipers=snipers, head_start=0)[1:] > 0
    jumped = np.abs(np.diff(scene.value, prepend=scene.value[0])) > half
    assert not took[:, ~jumped].any(), "only stale quotes are taken"
    assert took.sum(axis=0).max() == 1, "a quote is taken once"
    return np.append(took.sum(axis=1), jumped.sum() - took.sum())


def equilibrium(*, snipers: int, faster: bool, events: int, seed: int) -> Finding:
    """The half-spread at which providing liquidity is worth as much as sniping; or, of ``faster`` snipers, nothing.

    Two half-spreads on a shorter tape say where it is, and the slope there; the tape itself, how far that is off.
    """
    head_start = MILLISECOND // 2 if faster else 0

    def excess(scene: Market, half: float) -> np.ndarray:
        each = scene.profits(round(half * THETA), snipers=snipers, head_start=head_start)
        return each[0] if faster else each[0] - each[1:].mean(axis=0)

    pilot = market(events=max(events // 5, 1_000), seed=seed + 1)
    low, high = 0.5, 0.65
    below, above = (excess(pilot, half).mean() for half in (low, high))
    slope = (above - below) / (high - low)
    near = low - below / slope
    there = excess(market(events=events, seed=seed), near)
    who = f"1 provider, {snipers} {'faster' if faster else 'equal'} sniper{'s' if snipers > 1 else ''}"
    error = float(there.std(ddof=1) / np.sqrt(events) / slope)
    return Finding(
        theory="Budish, Cramton and Shim 2015",
        setting=f"{who}; {events:,} events, seed {seed}",
        quantity="half-spread / theta",
        expected=OMEGA,
        simulated=float(near - there.mean() / slope),
        error=error,
        allowed=2.0 * error,
    )
