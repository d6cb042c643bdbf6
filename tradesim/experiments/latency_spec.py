"""Latencies as people state them.

===============================  =======================================================================
``40us``, ``fixed:40us``         a constant; units ns, us, ms, s
``lognormal:40us:0.5``           median and sigma
``gamma:2:10us``                 shape and scale; ``gamma:2:10us:30us`` above a floor
``file:delays.csv``              drawn from measurements in ns, one column; ``file:delays.csv#COLUMN`` of several
``recorded:orders.npz``          of entry and response: linear in time between recorded requests
``place=30us,cancel=20us``       of entry and response: one for each action; what is not named is as ``place``
===============================  =======================================================================
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from tradesim.errors import ArgumentError
from tradesim.simulation.hiccups import Hiccups
from tradesim.simulation.latency import (
    ComputeLatency,
    Fixed,
    Gamma,
    LatencyModel,
    LogNormal,
    Measured,
    Profile,
)
from tradesim.simulation.latency_file import empirical_file, recorded_link
from tradesim.simulation.queueing import parse_queue
from tradesim.simulation.ticks import TickTable, parse_ticks
from tradesim.simulation.venue_rules import VenueRules
from tradesim.simulation.wires import Link, PerAction, Recorded, Wires
from tradesim.units import SECOND, duration

LONGEST_LATENCY: Final = 3600 * SECOND
"""The longest latency that can be stated, ns."""

LARGEST_SIGMA: Final = 5.0
"""Of a lognormal latency: its 99.9th percentile is then five million times its median."""

LARGEST_SHAPE: Final = 1000.0
"""Of a gamma latency: it is then all but a constant."""

MODELS: Final = "fixed:DURATION, lognormal:MEDIAN:SIGMA, gamma:SHAPE:SCALE[:FLOOR], file:PATH"

ABOUT: Final = "tradesim.profile"
"""The key of a profile file's metadata: machine, versions, what was decided on, and what was disturbed, as JSON."""

RECORDED: Final = "recorded:"


@dataclass(frozen=True)
class Stored:
    """Each method's latency as an earlier ``comparison`` measured it."""

    comparison: str


@dataclass(frozen=True)
class Filed:
    """Each method's latency as the profile file at ``path`` has it.

    ``digest`` is of what the file held; ``about`` is what it says of itself, empty where it is no profile.
    """

    path: Path
    digest: str
    about: Mapping[str, Any] = field(default_factory=dict, compare=False)


def parse_latency(text: str) -> ComputeLatency | Stored | Filed | None:
    """The compute latency that ``text`` states for all methods; ``None`` for ``empirical``, each method's own.

    A stated latency (a model) is that of ``price``; updates are then instant.
    """
    if text.startswith("profile:"):
        return Stored(text.removeprefix("profile:"))
    if text.endswith(".parquet") and not text.startswith("file:"):
        return Filed(Path(text), _digest(Path(text)), about_profile(Path(text)))
    if text == "empirical":
        return None
    if text == "measured":
        return Measured()
    model = _model(text)
    if model is None:
        raise ArgumentError(
            f"latency {text!r}: it is empirical, measured, {MODELS}, profile:COMPARISON or PATH.parquet; "
            "write for example fixed:40us"
        )
    return Profile(price_by_tag={"any": model})


def _digest(path: Path) -> str:
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest()
    except OSError as error:
        raise ArgumentError(
            f"latency {path}: it cannot be read ({error.strerror}); make it with tradesim measure METHODS -o {path}"
        ) from error


def about_profile(path: Path) -> dict[str, Any]:
    """What a profile file says of where and how its readings were taken; empty where it is none."""
    try:
        about: dict[str, Any] = json.loads(pl.read_parquet_metadata(path)[ABOUT])
    except (OSError, KeyError, ValueError, pl.exceptions.PolarsError):
        return {}
    return about


def parse_wires(
    *,
    feed: str | None = None,
    entry: str | None = None,
    response: str | None = None,
    hedge_entry: str | None = None,
    hedge_response: str | None = None,
    rejections: float = 0.0,
    send: str | None = None,
    usual: Wires | None = None,
) -> Wires:
    """Wires of the stated latencies; one that is not stated is as in ``usual``, by default ``Wires()``.

    ``feed`` may be ``recorded``: each row arrives when the tape's recorder received it. A recorded entry without a
    stated response takes the response from the same recording. ``hedge_entry`` and ``hedge_response`` are those of
    orders for the underlying; one that is not stated is as that of orders for options. ``send`` is what the desk's CPU
    takes to send a message, also by action.
    """
    usual = usual or Wires()
    options = _link(replace(usual.options, rejections=_share(rejections)), "", entry, response)
    hedged = hedge_entry is not None or hedge_response is not None
    return Wires(
        feed=usual.feed if feed is None else _feed(feed),
        entry=options.entry,
        response=options.response,
        rejections=options.rejections,
        hedge=_link(options, "hedge ", hedge_entry, hedge_response) if hedged else usual.hedge,
        send=usual.send if send is None else _sending(send),
    )


def parse_venue(
    *,
    queue: str | None = None,
    tick: float | str | TickTable | None = None,
    position_limit: int | None = None,
    usual: VenueRules | None = None,
) -> VenueRules:
    """The venue's rules; ``queue`` as :func:`~tradesim.simulation.queueing.parse_queue` reads it.

    ``tick`` may be text, as :func:`~tradesim.simulation.ticks.parse_ticks` reads it. One that
    is not stated is as in ``usual``, by default ``VenueRules()``.
    """
    usual = usual or VenueRules()
    stated = parse_ticks(tick) if isinstance(tick, str) else tick
    return replace(
        usual,
        tick=usual.tick if stated is None else stated,
        position_limit=usual.position_limit if position_limit is None else position_limit,
        queue=usual.queue if queue is None else parse_queue(queue),
    )


def parse_hiccups(text: str) -> Hiccups:
    """Pauses of a desk's process from ``every=MODEL,pause=MODEL``: the time between two, and how long one lasts.

    >>> parse_hiccups("every=gamma:1:100ms,pause=1ms").pause
    Fixed(ns=1000000)
    """
    parts = _named_parts(text, ("every", "pause"))
    if parts is None or len(parts) < 2:
        raise ArgumentError(
            f"hiccups {text!r}: they are every=MODEL,pause=MODEL; write for example every=100ms,pause=lognormal:1ms:1"
        )
    return Hiccups(**{name: _stated(name, part) for name, part in parts.items()})


def _feed(text: str) -> LatencyModel | Recorded:
    return Recorded() if text == "recorded" else _stated("feed", text, "recorded")


def _share(rejections: float) -> float:
    if not 0.0 <= rejections <= 1.0:
        raise ArgumentError(f"rejections {rejections:g}: a share of messages is from 0 to 1; write for example 0.01")
    return rejections


def _link(usual: Link, of: str, entry: str | None, response: str | None) -> Link:
    if response is None and entry is not None and entry.startswith(RECORDED):
        response = entry
    return replace(
        usual,
        entry=usual.entry if entry is None else _way(of, "entry", entry),
        response=usual.response if response is None else _way(of, "response", response),
    )


def _sending(text: str) -> LatencyModel | PerAction:
    if text.startswith(RECORDED):
        raise ArgumentError(f"send latency {text!r}: a recording is of the wires; write for example 500ns")
    return _way("", "send", text)


def _way(of: str, way: str, text: str) -> LatencyModel | PerAction:
    """The model of one direction of a link: one for all actions, or one for each."""
    if text.startswith(RECORDED):
        link = recorded_link(text.removeprefix(RECORDED))
        return link.entry if way == "entry" else link.response
    parts = _named_parts(text, ("place", "cancel", "replace"))
    if parts is None:
        return _stated(of + way, text, "recorded:PATH, or place=,cancel=,replace= with one of these each")
    if "place" not in parts:
        raise ArgumentError(f"{of}{way} latency {text!r}: place= is missing; write for example place=30us,cancel=20us")
    models = {action: _stated(of + way, part) for action, part in parts.items()}
    return PerAction(**dict.fromkeys(("place", "cancel", "replace"), models["place"]) | models)


def _named_parts(text: str, names: tuple[str, ...]) -> dict[str, str] | None:
    """``NAME=...,NAME=...`` by name, or None where it is not of that form or names something twice."""
    name = "|".join(names)
    if re.match(f"(?:{name})=", text) is None:
        return None
    parts = [part.partition("=") for part in re.split(f",(?=(?:{name})=)", text)]
    named = {key: value for key, _, value in parts}
    return named if len(named) == len(parts) else None


def parse_model(name: str, text: str) -> LatencyModel:
    """The model of the latency called ``name`` that ``text`` states, ``5s`` or any other; else ``ArgumentError``."""
    return _stated(name, text)


def _stated(name: str, text: str, others: str = "") -> LatencyModel:
    """The model that ``text`` states; else ``ArgumentError`` with the forms that it may have."""
    model = _model(text)
    if model is None:
        forms = f"DURATION, {MODELS}" + (f", {others}" if others else "")
        raise ArgumentError(f"{name} latency {text!r}: it is one of {forms}; write for example 30us")
    return model


def _model(text: str) -> LatencyModel | None:
    kind, _, rest = text.partition(":")
    if kind == "file" and rest:
        return _measurements(rest)
    match kind, rest.split(":") if rest else []:
        case "fixed", [ns]:
            return Fixed(_stated_latency(ns))
        case "lognormal", [median, sigma]:
            return LogNormal(
                median=_stated_latency(median), sigma=_number(sigma, "sigma of a lognormal", LARGEST_SIGMA)
            )
        case "gamma", [shape, scale, *floor] if len(floor) < 2:
            return Gamma(
                shape=_number(shape, "shape of a gamma", LARGEST_SHAPE),
                scale=_stated_latency(scale),
                floor=_stated_latency(floor[0]) if floor else 0,
            )
        case _, [] if text[:1].isdigit():
            return Fixed(_stated_latency(text))
    return None


def _measurements(place: str) -> LatencyModel:
    path, _, column = place.partition("#")
    return empirical_file(place) if Path(place).is_file() else empirical_file(path, column or None)


def _stated_latency(text: str) -> int:
    ns = duration(text)
    if ns > LONGEST_LATENCY:
        raise ArgumentError(f"latency {text[:20]}: it is at most an hour; write for example 40us")
    return ns


def _number(text: str, what: str, largest: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0.0 <= number <= largest:
        raise ArgumentError(f"{what} latency {text!r}: it is a number from 0 to {largest:g}")
    return number
