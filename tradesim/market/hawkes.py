"""Self-exciting arrivals: every event makes further events likelier for a while."""

import numpy as np
from numpy.typing import NDArray


def hawkes_arrivals(
    *, base: float, branching: float, decay: float, duration: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Arrival times in ``[0, duration)``, in seconds and sorted, of a Hawkes process with an exponential kernel.

    Its intensity is ``base + branching * decay * sum(exp(-decay * (t - t_i)))`` over the arrivals ``t_i < t``, so that
    each arrival has ``branching`` children on average, and the mean rate tends to ``base / (1 - branching)``. Nothing
    arrived before time zero.

    ``base``      arrivals a second that no other arrival caused
    ``branching`` children of an arrival, on average; below 1
    ``decay``     a second: the rate at which an arrival's excitement fades
    ``duration``  seconds

    Drawn by its clusters, generation after generation: Hawkes and Oakes, "A cluster process representation of a
    self-exciting process", Journal of Applied Probability 11 (1974), section 2.

    >>> times = hawkes_arrivals(base=20.0, branching=0.6, decay=50.0, duration=1000.0, rng=np.random.default_rng(1))
    >>> bool(abs(len(times) / 1000.0 - 50.0) < 2.0)
    True
    """
    generation = rng.uniform(0.0, duration, rng.poisson(base * duration))
    generations = [generation]
    while len(generation):
        parents = np.repeat(generation, rng.poisson(branching, len(generation)))
        children = parents + rng.exponential(1.0 / decay, len(parents))
        generation = children[children < duration]
        generations.append(generation)
    return np.sort(np.concatenate(generations))
