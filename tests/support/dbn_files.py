"""Databento's files, of records given as numbers."""

from datetime import datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from tradesim.units import SECOND

dbn = pytest.importorskip("databento_dbn", reason="the vendor's package is not installed")

START = int(datetime(2025, 2, 20, 10, tzinfo=ZoneInfo("America/New_York")).timestamp()) * SECOND
STOCK, CALL_ID = 7, 16783963
ACTIONS = {"A": "ADD", "C": "CANCEL", "F": "FILL", "M": "MODIFY", "N": "NONE", "R": "CLEAR", "T": "TRADE"}
SIDES = {"A": "ASK", "B": "BID", "N": "NONE"}


class Interval(SimpleNamespace):
    """What the package takes for a mapping's interval: ``start_date``, ``end_date`` and ``symbol``."""


class Mapping(SimpleNamespace):
    """What it takes for a mapping: ``raw_symbol`` and ``intervals``."""


def price(value):
    return dbn.UNDEF_PRICE if value is None else round(value * 1_000_000_000)


def mbp1(at, bid, ask, *, number=STOCK, sizes=(3, 4), action="A", side="B", trade=None, size=1, publisher=2):
    """A record ``at`` ns after the start, received 5 ns later; prices in currency, None undefined."""
    return dbn.MBP1Msg(
        publisher_id=publisher,
        instrument_id=number,
        ts_event=START + at,
        ts_recv=START + at + 5,
        price=price(trade),
        size=size,
        action=getattr(dbn.Action, ACTIONS[action]),
        side=getattr(dbn.Side, SIDES[side]),
        depth=0,
        levels=dbn.BidAskPair(bid_px=price(bid), ask_px=price(ask), bid_sz=sizes[0], ask_sz=sizes[1]),
    )


def cmbp1(at, bid, ask, *, number=CALL_ID, sizes=(30, 40), action="A", side="N", trade=None, size=1, publisher=30):
    return dbn.CMBP1Msg(
        rtype=dbn.RType.CMBP_1,
        publisher_id=publisher,
        instrument_id=number,
        ts_event=START + at,
        ts_recv=START + at + 5,
        price=price(trade),
        size=size,
        action=getattr(dbn.Action, ACTIONS[action]),
        side=getattr(dbn.Side, SIDES[side]),
        levels=dbn.ConsolidatedBidAskPair(bid_px=price(bid), ask_px=price(ask), bid_sz=sizes[0], ask_sz=sizes[1]),
    )


def mbo(at, action, side="N", value=None, size=0, order=0, *, flags=0, number=STOCK, publisher=1, recv=None):
    """A record of market by order: ``side`` is B, A or N, ``value`` the price in currency."""
    return dbn.MBOMsg(
        publisher_id=publisher,
        instrument_id=number,
        ts_event=START + at,
        ts_recv=START + (at + 5 if recv is None else recv),
        order_id=order,
        price=price(value),
        size=size,
        channel_id=0,
        action=getattr(dbn.Action, ACTIONS[action]),
        side=getattr(dbn.Side, SIDES[side]),
        flags=flags,
        ts_in_delta=0,
        sequence=0,
    )


def definition(number, symbol, right, strike, *, expiration="2025-02-21T00:00:00", underlying="AAPL", **fields):
    said = {
        "publisher_id": 30,
        "ts_event": START,
        "ts_recv": START,
        "min_price_increment": price(0.01),
        "display_factor": price(1),
        "asset": "AAPL",
        "security_type": "OPT",
        "security_update_action": dbn.SecurityUpdateAction.ADD,
        "strike_price": price(strike),
        "underlying": underlying,
        "currency": "USD",
        "expiration": int(datetime.fromisoformat(expiration + "+00:00").timestamp()) * SECOND,
    }
    kind = {"C": dbn.InstrumentClass.CALL, "P": dbn.InstrumentClass.PUT, "F": dbn.InstrumentClass.FUTURE}[right]
    return dbn.InstrumentDefMsg(
        **{**said, "instrument_id": number, "raw_symbol": symbol, "instrument_class": kind, **fields}
    )


def write(path, schema, records, *, dataset="XNAS.ITCH", names=None):
    """A DBN file of ``records``, with ``names`` by instrument id."""
    day = {"start_date": datetime(2025, 2, 20).date(), "end_date": datetime(2025, 2, 21).date()}
    metadata = dbn.Metadata(
        dataset=dataset,
        start=START,
        stype_in=dbn.SType.RAW_SYMBOL,
        stype_out=dbn.SType.INSTRUMENT_ID,
        schema=dbn.Schema.from_str(schema),
        symbols=list((names or {}).values()),
        mappings=[
            Mapping(raw_symbol=name, intervals=[Interval(**day, symbol=str(number))])
            for number, name in (names or {}).items()
        ],
    )
    path.write_bytes(bytes(metadata) + b"".join(bytes(record)[: record.record_size()] for record in records))
    return path
