"""The orders that rest on one side of a book, as the readers of order feeds keep them."""

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterable


class OrderSide:
    """Lots by order, in order of arrival, by ``distance``: the price, negated for bids, so that the least is the best.

    ``total`` is the lots at each distance.
    """

    def __init__(self) -> None:
        self.total: Counter[int] = Counter()
        self._levels: dict[int, dict[int, int]] = {}
        self._distances: list[int] = []

    def best(self) -> int | None:
        """The least distance at which orders rest; None where none does."""
        return self._distances[0] if self._distances else None

    def within(self, nearer: int, farther: int) -> list[int]:
        """The distances in (nearer, farther] at which orders rest."""
        return self._distances[bisect_right(self._distances, nearer) : bisect_right(self._distances, farther)]

    def orders(self, distance: int) -> Iterable[int]:
        """The orders at a distance, the first to trade first."""
        return self._levels.get(distance, {})

    def lots(self, distance: int, order: int) -> int:
        """Lots of ``order`` at ``distance``; 0 where it does not rest there."""
        return self._levels.get(distance, {}).get(order, 0)

    def add(self, distance: int, order: int, lots: int) -> None:
        """An order joins behind all others at its distance."""
        if distance not in self._levels:
            self._levels[distance] = {}
            insort(self._distances, distance)
        self._levels[distance][order] = lots
        self.total[distance] += lots

    def take(self, distance: int, order: int, lots: int) -> list[tuple[int, int]]:
        """Take ``lots`` from ``order`` and then from the front, as far as they go; order and lots of each part."""
        level = self._levels.get(distance, {})
        if level.get(order, 0) >= lots:
            return self._take(distance, [order], lots)
        return self._take(distance, [order, *(other for other in level if other != order)], lots)

    def take_back(self, distance: int, lots: int) -> list[tuple[int, int]]:
        """Take ``lots`` from the back."""
        return self._take(distance, list(reversed(self._levels[distance])), lots)

    def _take(self, distance: int, orders: list[int], lots: int) -> list[tuple[int, int]]:
        level = self._levels.get(distance, {})
        taken = []
        for order in orders:
            part = min(lots, level.get(order, 0))
            if part:
                taken.append((order, part))
                lots -= part
                level[order] -= part
                if not level[order]:
                    del level[order]
            if not lots:
                break
        self.total[distance] -= sum(part for _, part in taken)
        if not level and self._levels.pop(distance, None) is not None:
            del self._distances[bisect_left(self._distances, distance)]
        return taken
