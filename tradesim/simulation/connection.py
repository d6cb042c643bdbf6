"""A line from a desk to a venue and back: on each way a later message never overtakes."""

from collections.abc import Callable

from tradesim.simulation.draws import ENTRY, REJECT, RESPONSE, tie_break, uniform
from tradesim.simulation.engine import Engine, Phase
from tradesim.simulation.orders import Action
from tradesim.simulation.wires import Link


class Connection:
    """One desk's line; ``line`` tells its draws from those of the desk's other lines."""

    def __init__(self, engine: Engine, link: Link, *, seed: int, desk: int, line: int) -> None:
        self._engine, self._link = engine, link
        self._seed, self._desk, self._line = seed, desk, line
        self._last_entry = self._last_reply = 0
        self._may_refuse = link.rejections > 0.0 or link.is_recorded

    def send(self, action: Action, sent: int, key: int, deliver: Callable[[bool], None]) -> None:
        """A message leaves at ``sent``; ``deliver`` is called at its arrival, with whether the gateway refuses it."""
        draw = uniform(self._seed, ENTRY, self._desk, key, self._line)
        arrival = max(self._last_entry, sent + self._link.entry_delay(action, draw, sent))
        self._last_entry = arrival
        refused = self._may_refuse and self._link.rejects(
            action, uniform(self._seed, REJECT, self._desk, key, self._line), sent
        )
        tie = tie_break(self._seed, self._desk, arrival)
        self._engine.at(arrival, Phase.ORDER, lambda: deliver(refused), key=tie)

    def reply(self, action: Action, key: int, hear: Callable[[], None]) -> int:
        """A report leaves the venue now; ``hear`` is called when it reaches the desk, which is returned."""
        now = self._engine.now
        draw = uniform(self._seed, RESPONSE, self._desk, key, self._line)
        known = max(self._last_reply, now + self._link.response_delay(action, draw, now))
        self._last_reply = known
        self._engine.at(known, Phase.ACK, hear)
        return known
