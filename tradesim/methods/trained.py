"""What approximators that are kept in a file have in common: loaded when first asked for, they know cost and error."""

from abc import abstractmethod
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from tradesim.methods.approximator import Approximator
from tradesim.methods.built import ErrorOfBuild
from tradesim.methods.method import BuildCost, Outside
from tradesim.methods.scalings.scaling import Scaling
from tradesim.pricing.problem import Problem


class Kept(Protocol):
    """What was built: what it cost, and how well it answers on held-out points."""

    @property
    def cost(self) -> BuildCost:
        """Seconds of work and evaluations of the reference."""

    @property
    def error(self) -> ErrorOfBuild:
        """Against the reference."""


KeptT = TypeVar("KeptT", bound=Kept)


class Trained(Approximator, Generic[KeptT]):
    """An approximator whose tables or weights are in the file at ``path``."""

    def __init__(self, problem: Problem, scaling: Scaling, path: Path, outside: Outside = Outside.FALLBACK) -> None:
        super().__init__(problem, scaling, outside)
        self.path = path
        self._built: KeptT | None = None

    @abstractmethod
    def load(self) -> KeptT:
        """Read the file; ``StoreError`` where it is missing, damaged or another problem's."""

    @property
    def built(self) -> KeptT:
        """What the file holds, loaded when first asked for."""
        if self._built is None:
            self._built = self.load()
        return self._built

    @property
    def build_cost(self) -> BuildCost:
        """What building cost, reference evaluations included."""
        return self.built.cost

    @property
    def error(self) -> ErrorOfBuild:
        """Error over the domain, taken when it was built."""
        return self.built.error
