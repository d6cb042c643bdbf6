"""Where to write the names of points so that they cover neither one another nor what is drawn. All in pixels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

LETTER: Final = 7.0
"""Mean width of a letter at :data:`SIZE`."""
SIZE: Final = 12.5
"""Font size of a label."""

_LINE_HEIGHT = 16.0
_RINGS = (6.0, 16.0, 30.0, 48.0)
_DIRECTIONS = ((1, 0), (1, -1), (1, 1), (-1, 0), (-1, -1), (-1, 1), (0, -1), (0, 1))


@dataclass(frozen=True)
class Box:
    """A rectangle, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, x: float, y: float, width: float, height: float) -> "Box":
        """The box of ``width`` and ``height`` whose middle is (x, y)."""
        return cls(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def overlap(self, other: "Box") -> float:
        """The area that both cover."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return wide * high if wide > 0 and high > 0 else 0.0

    def outside(self, frame: "Box") -> float:
        """The area of it that ``frame`` leaves uncovered."""
        return (self.right - self.left) * (self.bottom - self.top) - self.overlap(frame)


def place_labels(
    anchors: Sequence[tuple[float, float]], texts: Sequence[str], drawn: Sequence[Box], frame: Box
) -> list[tuple[float, float]]:
    """The middle of each text: as near its anchor as free space allows, inside ``frame``; anchors are drawn too.

    Greedy: texts are placed in turn, and each sees those placed before it.

    >>> place_labels([(50, 50), (50, 50)], ["a", "b"], [], Box(0, 0, 100, 100))
    [(59.5, 50.0), (40.5, 50.0)]
    """
    taken = [*drawn, *(Box.around(x, y, 12, 12) for x, y in anchors)]
    middles = []
    for anchor, text in zip(anchors, texts, strict=True):
        best = min(_candidates(anchor, text), key=lambda box: _cost(box, anchor, taken, frame))
        taken.append(best)
        middles.append(best.middle)
    return middles


def boxes_along(path: Sequence[tuple[float, float]]) -> list[Box]:
    """Small boxes that cover a polyline."""
    boxes = []
    for (x0, y0), (x1, y1) in pairwise(path):
        steps = max(1, math.ceil(math.hypot(x1 - x0, y1 - y0) / 4))
        boxes += [Box.around(x0 + (x1 - x0) * i / steps, y0 + (y1 - y0) * i / steps, 4, 4) for i in range(steps + 1)]
    return boxes


def _candidates(anchor: tuple[float, float], text: str) -> list[Box]:
    width, (x, y) = LETTER * len(text), anchor
    return [
        Box.around(x + dx * (width / 2 + gap), y + dy * (_LINE_HEIGHT / 2 + gap), width, _LINE_HEIGHT)
        for gap in _RINGS
        for dx, dy in _DIRECTIONS
    ]


def _cost(box: Box, anchor: tuple[float, float], taken: Sequence[Box], frame: Box) -> float:
    """Covering is worse than distance; leaving the frame is worst."""
    nearest = min(max(anchor[0], box.left), box.right), min(max(anchor[1], box.top), box.bottom)
    return 10 * box.outside(frame) + sum(box.overlap(other) for other in taken) + math.dist(nearest, anchor)
