"""Remember in few numbers: prices from a tensor Chebyshev series."""

from pathlib import Path

import numpy as np

from tradesim.methods.approximator import Boxed
from tradesim.methods.built import ErrorOfBuild
from tradesim.methods.chebyshev.store import BuiltSeries, load_series
from tradesim.methods.method import BuildCost, Fast, Outside
from tradesim.methods.tabled import Tabled
from tradesim.methods.tables.table import Worked
from tradesim.pricing.problem import Floats, Problem


class Chebyshev(Tabled):
    """``chebyshev``: every coefficient has a say in every price, so that it is small and slow; a grid is neither."""

    name = "chebyshev"

    def __init__(self, problem: Problem, path: Path, outside: Outside = Outside.FALLBACK) -> None:
        super().__init__(problem, outside)
        self.path = path
        self._built: BuiltSeries | None = None

    @classmethod
    def of(cls, problem: Problem, path: Path, built: BuiltSeries) -> "Chebyshev":
        """The method of a series in memory that is to be kept at ``path``."""
        method = cls(problem, path)
        method._built = built
        return method

    @property
    def built(self) -> BuiltSeries:
        """The series, loaded from its file when first asked for."""
        if self._built is None:
            self._built = load_series(self.path, self.problem)
        return self._built

    def open(self) -> None:
        """Load the coefficients."""
        self._series = self.built.series
        self._work = self._series.workspace()

    def ask(self, fast: Fast, prepared: Boxed, out: Floats) -> None:
        """Place, sum, finish."""
        assert isinstance(prepared, Worked)
        pages = np.empty((len(out), self._series.coefficients.shape[1]))
        self._series.write_pages(self.table.place(fast, prepared), self._work, pages)
        self.table.finish(fast, prepared, pages, out)

    @property
    def nbytes(self) -> int:
        """Bytes of the coefficients, of the fallback's tables, and of the workspace."""
        return super().nbytes + self.built.series.nbytes + sum(array.nbytes for array in self._work)

    @property
    def build_cost(self) -> BuildCost:
        """What the build cost, as its file has it."""
        return self.built.cost

    @property
    def error(self) -> ErrorOfBuild:
        """Error over the domain, taken when the series was built."""
        return self.built.error
