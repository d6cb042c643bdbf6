"""Small tapes and constant prices, with which a simulation's every instant can be worked out by hand."""

from dataclasses import dataclass

import numpy as np

from tradesim.market.chain import EUROPEAN, Chain, Settlement
from tradesim.market.tape import ADD, DEPTH, EXECUTE, QUOTE, REDUCE, TRADE, Tape
from tradesim.methods.method import Method, State
from tradesim.pricing import PROBLEMS
from tradesim.pricing.problem import Floats
from tradesim.simulation.hiccups import Hiccups
from tradesim.simulation.latency import ComputeLatency, Fixed, fixed_compute
from tradesim.simulation.run import Result, Seat, run
from tradesim.simulation.session import Session, Setting, open_session
from tradesim.simulation.strategy import Strategy
from tradesim.simulation.valuation import Pricing
from tradesim.simulation.venue_rules import Fees
from tradesim.simulation.wires import Wires
from tradesim.units import DAY, MICROS

START = 1_700_000_000_000_000_000


@dataclass(frozen=True, kw_only=True)
class Quote:
    """A row: ``at`` ns after the start, prices in currency, ``None`` for a missing side."""

    at: int
    instrument: int = 1
    bid: float | None = None
    ask: float | None = None
    bid_size: int = 10
    ask_size: int = 10


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row that is no quote: a trade, a level or a row of an order feed; ``side`` as on a tape."""

    at: int
    kind: int
    price: float
    size: int
    side: int
    order: int = 0
    instrument: int = 1


def book_trade(at: int, price: float, size: int, side: int) -> Row:
    return Row(at=at, kind=TRADE, price=price, size=size, side=side)


def level(at: int, side: int, price: float, size: int) -> Row:
    return Row(at=at, kind=DEPTH, price=price, size=size, side=side)


def feed_row(at: int, what: str, order: int, side: int, price: float, size: int) -> Row:
    return Row(at=at, kind=FEED[what], price=price, size=size, side=side, order=order)


FEED = {"add": ADD, "reduce": REDUCE, "execute": EXECUTE}


def underlying(at: int, mid: float = 100.0) -> Quote:
    return Quote(at=at, instrument=0, bid=mid - 0.01, ask=mid + 0.01)


def tape_of(*quotes: Quote | Row, contracts: int = 1, multiplier: int = 1) -> Tape:
    """A tape of calls struck at 100 a month away; rows of one instant keep the order in which they are given."""
    rows = sorted(quotes, key=lambda q: q.at)
    price = lambda x: 0 if x is None else round(x * MICROS)  # noqa: E731
    chain = Chain(
        name=tuple(f"C{i}" for i in range(contracts)),
        strike=np.full(contracts, 100.0),
        expiry=np.full(contracts, START + 30 * DAY, dtype=np.int64),
        right=np.ones(contracts, dtype=np.int8),
        style=np.full(contracts, EUROPEAN, dtype=np.int8),
        multiplier=np.full(contracts, multiplier, dtype=np.int64),
        settlement=Settlement.QUOTE,
    )
    ts = np.array([START + q.at for q in rows], dtype=np.int64)
    integers = lambda values: np.array(values, dtype=np.int64)  # noqa: E731
    return Tape(
        chain=chain,
        underlying="PROBE",
        currency="USD",
        ts=ts,
        received=ts,
        instrument=np.array([q.instrument for q in rows], dtype=np.int32),
        kind=np.array([getattr(q, "kind", QUOTE) for q in rows], dtype=np.int8),
        bid=integers([price(getattr(q, "bid", None)) for q in rows]),
        ask=integers([price(getattr(q, "ask", None)) for q in rows]),
        bid_size=integers([0 if getattr(q, "bid", None) is None else q.bid_size for q in rows]),
        ask_size=integers([0 if getattr(q, "ask", None) is None else q.ask_size for q in rows]),
        price=integers([price(getattr(q, "price", None)) for q in rows]),
        size=integers([getattr(q, "size", 0) for q in rows]),
        side=np.array([getattr(q, "side", 0) for q in rows], dtype=np.int8),
        order=integers([getattr(q, "order", 0) for q in rows]),
        source="probe",
    )


class Constant(Method):
    """Says ``value`` for every contract."""

    name = "constant"

    def __init__(self, value: float) -> None:
        self.problem = PROBLEMS["european"]
        self._value = value

    def bind(self, chain: Chain) -> None:
        pass

    def update(self, state: State) -> None:
        pass

    def price(self, spot: float, out: Floats) -> str:
        out[:] = self._value
        return "hit"

    def value(self, *inputs: float) -> float:
        return self._value

    @property
    def nbytes(self) -> int:
        return 8


def session_of(
    tape: Tape, *, feed: int = 0, entry: int = 0, response: int = 0, fee: float = 0.0, seed: int = 1
) -> Session:
    wires = Wires(feed=Fixed(feed), entry=Fixed(entry), response=Fixed(response))
    return open_session(tape, PROBLEMS["european"], Setting(wires=wires, fees=Fees(taker=fee), horizon=0), seed=seed)


def seat_of(
    strategy: Strategy,
    *,
    value: float = 1000.0,
    compute: int | ComputeLatency = 0,
    hiccups: Hiccups | None = None,
) -> Seat:
    constant = Constant(value)
    latency = fixed_compute(compute) if isinstance(compute, int) else compute
    return Seat(
        strategy=strategy,
        pricing=Pricing(prices=constant, clock=constant, reference=constant),
        compute=latency,
        hiccups=hiccups,
    )


def run_probe(session: Session, *seats: Seat) -> list[Result]:
    return run(session, seats)
