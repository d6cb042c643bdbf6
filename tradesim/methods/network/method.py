"""Learn, smoothly: prices from a small multilayer perceptron that was trained beforehand."""

from pathlib import Path

from tradesim.methods.method import Outside
from tradesim.methods.network.kernel import network_values, workspace
from tradesim.methods.network.store import BuiltNetwork, load_network
from tradesim.methods.scalings import scaling_of
from tradesim.methods.trained import Trained
from tradesim.pricing.problem import Floats, Problem


class NetworkMethod(Trained[BuiltNetwork]):
    """``network``: a few layers of ``tanh`` at each decision."""

    name = "network"

    def __init__(self, problem: Problem, path: Path, outside: Outside = Outside.FALLBACK) -> None:
        super().__init__(problem, scaling_of(problem), path, outside)

    def load(self) -> BuiltNetwork:
        """Read the network."""
        return load_network(self.path, self.problem, self.scaling)

    def open(self) -> None:
        """Load the weights, lay out the workspace."""
        self._network = self.built.network
        self._space = workspace(self._network)

    def values(self, features: Floats, out: Floats) -> None:
        """Evaluate the layers."""
        network_values(features, self._network, self._space, out)

    @property
    def nbytes(self) -> int:
        """Bytes of the weights, of the fallback's tables, and of the workspaces."""
        network = self.built.network
        return super().nbytes + network.nbytes + workspace(network).nbytes
