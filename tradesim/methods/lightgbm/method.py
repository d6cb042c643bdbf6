"""Learn: prices from trees that were trained beforehand."""

from pathlib import Path

from tradesim.methods.lightgbm.forest import forest_values, workspace_of
from tradesim.methods.lightgbm.spec import Target
from tradesim.methods.lightgbm.store import BuiltForest, load_forest
from tradesim.methods.method import Outside
from tradesim.methods.trained import Trained
from tradesim.pricing.problem import Floats, Problem


class ForestMethod(Trained[BuiltForest]):
    """``lightgbm``, and ``lightgbm-plain`` without a scaling: a compiled walk through all trees at each decision."""

    def __init__(
        self, problem: Problem, path: Path, target: Target = Target.SHAPED, outside: Outside = Outside.FALLBACK
    ) -> None:
        super().__init__(problem, target.scaling(problem), path, outside)
        self.name = "lightgbm-plain" if target is Target.PLAIN else "lightgbm"

    def load(self) -> BuiltForest:
        """Read the forest."""
        return load_forest(self.path, self.problem, self.scaling)

    def open(self) -> None:
        """Load the trees."""
        self._forest = self.built.forest
        self._workspace = workspace_of(self._forest)

    def values(self, features: Floats, out: Floats) -> None:
        """Ask the trees."""
        forest_values(self._forest, self._workspace, features, out)

    @property
    def nbytes(self) -> int:
        """Bytes of trees, of the fallback's tables, and of the workspace."""
        forest = self.built.forest
        return super().nbytes + forest.nbytes + workspace_of(forest).nbytes
