"""Latencies as people state them: ``40us``, ``fixed:40us``, ``lognormal:40us:0.5`` (median and sigma)."""

import math
from dataclasses import dataclass
from typing import Final, TypeVar

from tradesim.errors import ArgumentError
from tradesim.simulation.latency import (
    ComputeLatency,
    Fixed,
    LatencyModel,
    LogNormal,
    Measured,
    Profile,
)
from tradesim.simulation.queueing import parse_queue
from tradesim.simulation.venue_rules import VenueRules
from tradesim.simulation.wires import Recorded, Wires
from tradesim.units import SECOND, duration

Usual = TypeVar("Usual")

LONGEST_LATENCY: Final = 3600 * SECOND
"""The longest latency that can be stated, ns."""

LARGEST_SIGMA: Final = 5.0
"""Of a lognormal latency: its 99.9th percentile is then five million times its median."""


@dataclass(frozen=True)
class Stored:
    """Each method's latency as an earlier ``comparison`` measured it."""

    comparison: str


def parse_latency(text: str) -> ComputeLatency | Stored | None:
    """The compute latency that ``text`` states for all methods; ``None`` for ``empirical``, each method's own.

    A stated latency (``fixed``, ``lognormal``) is that of ``price``; updates are then instant.
    """
    if text.startswith("profile:"):
        return Stored(text.removeprefix("profile:"))
    if text == "empirical":
        return None
    if text == "measured":
        return Measured()
    model = _model(text)
    if model is None or ":" not in text:
        raise ArgumentError(
            f"latency {text!r}: it is one of empirical, measured, fixed:DURATION, lognormal:MEDIAN:SIGMA or "
            "profile:COMPARISON; "
            "write for example fixed:40us"
        )
    return Profile(price_by_tag={"any": model})


def parse_wires(*, feed: str | None = None, entry: str | None = None, response: str | None = None) -> Wires:
    """Wires of the stated latencies; one that is not stated is as in :class:`~tradesim.simulation.wires.Wires`.

    ``feed`` may be ``recorded``: each row arrives when the tape's recorder received it.
    """
    usual = Wires()
    return Wires(
        feed=Recorded() if feed == "recorded" else _wire("feed", feed, usual.feed),
        entry=_wire("entry", entry, usual.entry),
        response=_wire("response", response, usual.response),
    )


def parse_venue(
    *, queue: str | None = None, tick: float | None = None, position_limit: int | None = None
) -> VenueRules:
    """The venue's rules; ``queue`` as :func:`~tradesim.simulation.queueing.parse_queue` reads it."""
    usual = VenueRules()
    return VenueRules(
        tick=tick, position_limit=position_limit, queue=usual.queue if queue is None else parse_queue(queue)
    )


def _wire(name: str, text: str | None, usual: Usual) -> LatencyModel | Usual:
    if text is None:
        return usual
    model = _model(text)
    if model is None:
        or_recorded = ", recorded" if name == "feed" else ""
        raise ArgumentError(
            f"{name} latency {text!r}: it is one of DURATION or lognormal:MEDIAN:SIGMA{or_recorded}; "
            "write for example 30us"
        )
    return model


def _model(text: str) -> LatencyModel | None:
    kind, _, rest = text.partition(":")
    match kind, rest.split(":") if rest else []:
        case "fixed", [ns]:
            return Fixed(_stated_latency(ns))
        case "lognormal", [median, sigma]:
            return LogNormal(median=_stated_latency(median), sigma=_stated_sigma(sigma))
        case _, [] if text[:1].isdigit():
            return Fixed(_stated_latency(text))
    return None


def _stated_latency(text: str) -> int:
    ns = duration(text)
    if ns > LONGEST_LATENCY:
        raise ArgumentError(f"latency {text[:20]}: it is at most an hour; write for example 40us")
    return ns


def _stated_sigma(text: str) -> float:
    try:
        sigma = float(text)
    except ValueError:
        sigma = math.nan
    if not 0.0 <= sigma <= LARGEST_SIGMA:
        raise ArgumentError(f"sigma {text!r} of a lognormal latency: it is a number from 0 to {LARGEST_SIGMA:g}")
    return sigma
