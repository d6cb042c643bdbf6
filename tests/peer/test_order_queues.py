"""The queues of market by order, order by order, against those that mbo-queue rebuilds of the same records."""

import numpy as np
import pytest
from dbn_files import ACTIONS, SIDES, dbn, write

from tradesim.market.ingest import ingest
from tradesim.market.tape import ADD, QUOTE, Tape

reference = pytest.importorskip("mboq.reference", reason="the peer is not installed")
synthetic = pytest.importorskip("mboq.synthetic", reason="the peer is not installed")

MICRO = 1_000
Queues = dict[tuple[int, int], list[tuple[int, int]]]
"""By side and price in micros: number and lots of each order, the first to trade first."""


def message(ts, number, price, size, flags, action, side):
    return dbn.MBOMsg(
        publisher_id=1,
        instrument_id=7,
        ts_event=ts,
        ts_recv=ts,
        order_id=number,
        price=price,
        size=size,
        channel_id=0,
        action=getattr(dbn.Action, ACTIONS[action.decode()]),
        side=getattr(dbn.Side, SIDES[side.decode()]),
        flags=flags,
        ts_in_delta=0,
        sequence=0,
    )


def ours(tape: Tape) -> dict[int, tuple[Queues, list[int]]]:
    """Queues and best quote after the rows of each instant."""
    found, queues, quote = {}, {}, [0] * 4
    for row in range(len(tape)):
        place, number, lots = (int(tape.side[row]), int(tape.price[row])), int(tape.order[row]), int(tape.size[row])
        if tape.kind[row] == QUOTE:
            quote = [int(getattr(tape, column)[row]) for column in ("bid", "bid_size", "ask", "ask_size")]
        elif tape.kind[row] == ADD:
            queues[place] = [*queues.get(place, ()), (number, lots)]
        elif tape.order[row]:
            left = [(its, rest - lots * (its == number)) for its, rest in queues.pop(place)]
            if left := [order for order in left if order[1]]:
                queues[place] = left
        found[int(tape.ts[row])] = dict(queues), quote
    return found


def best(queues: Queues) -> list[int]:
    quote = []
    for side in (1, -1):
        prices = [side * price for its, price in queues if its == side]
        price = side * max(prices) if prices else 0
        quote += [price, sum(lots for _, lots in queues.get((side, price), ()))]
    return quote


@pytest.mark.parametrize("cancels", ["tail", "front", "volume", "order"])
@pytest.mark.parametrize("seed", [1, 2])
def test_after_every_event_each_order_has_the_place_that_the_peer_gives_it(tmp_path, cancels, seed):
    deeds = {"p_clear": 0.003, "p_implicit_snap": 0.004, "p_iceberg": 0.3, "p_fill_shuffle": 0.5}
    records, _, _, exchange = synthetic.generate(n_events=1_500, seed=seed, cancel_mode=cancels, **deeds)
    columns = ("ts_event", "order_id", "price", "size", "flags", "action", "side")
    told = [message(*each) for each in zip(*(records[column].tolist() for column in columns), strict=True)]
    source = write(tmp_path / "orders.dbn", "mbo", told, dataset="GLBX.MDP3", names={7: "CLZ6"})
    instants = np.unique(records["ts_event"].astype(np.int64))
    run = reference.Reference(tick=exchange.tick).run(records, queue_times=instants, queue_levels=10**6)
    theirs: dict[int, Queues] = {}
    for which, number, side, price, _, _, size, *_ in run["queue"].tolist():
        queues = theirs.setdefault(int(instants[which]), {})
        queues.setdefault((side, price // MICRO), []).append((number, size))
    rows = ours(ingest("databento", [source])[0])
    state = {}, [0] * 4
    for ts in instants.tolist():
        state = rows.get(ts, state)
        queues = theirs.get(ts, {})
        assert state == (queues, best(queues))
