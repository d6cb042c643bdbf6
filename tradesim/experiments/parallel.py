"""Seeds replayed beside one another, each in a process of its own."""

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cloudpickle
import joblib
from joblib.externals.loky import get_reusable_executor

from tradesim.experiments.plan import Plan
from tradesim.experiments.replay import Job, replay_seed
from tradesim.experiments.system import interrupts_held
from tradesim.progress import Progress
from tradesim.simulation.latency import ComputeLatency, Measured

Jobs = Mapping[int, Sequence[Job]]
"""Of each seed the runs to be made."""


@dataclass(frozen=True, kw_only=True)
class Replay:
    """Runs of the comparison ``name``: every seed in a process of its own, at most ``jobs`` at once."""

    plan: Plan
    latencies: Mapping[str, ComputeLatency]
    name: str
    home: Path
    staging: Path
    jobs: int
    tell: Progress

    def all(self, asked: Jobs, what: str) -> None:
        """Make the runs ``asked`` and stage their facts; ``what`` names the progress."""
        seeds = [seed for seed, jobs in asked.items() if jobs]
        workers = 1 if isinstance(self.plan.compute, Measured) else min(self.jobs, max(len(seeds), 1))
        replay = partial(
            _replay,
            self.plan,
            dict(asked),
            self.latencies,
            comparison=self.name,
            home=self.home,
            staging=self.staging,
            what=what,
        )
        each_seed(replay, seeds, workers=workers, progress=self.tell, what=what)


def _replay(
    plan: Plan,
    asked: Jobs,
    latencies: Mapping[str, ComputeLatency],
    seed: int,
    *,
    comparison: str,
    home: Path,
    staging: Path,
    what: str,
) -> None:
    part = f"{seed}-{what.replace(' ', '-')}"
    replay_seed(plan, seed, asked[seed], latencies, comparison=comparison, home=home, staging=staging, part=part)


def each_seed(
    replay: Callable[[int], None],
    seeds: Sequence[int],
    *,
    workers: int,
    progress: Progress,
    what: str = "replaying",
) -> None:
    """Call ``replay`` with every seed, in at most ``workers`` processes at once; one: in this process, in turn.

    What cannot be sent to another process (a user's object that holds a lock, say) is replayed in this one.
    """
    sent = _packed(replay) if workers > 1 else None
    workers = workers if sent else 1
    call: Callable[[int], None] = partial(_unpacked, sent, list(sys.path)) if sent else replay
    parallel = joblib.Parallel(n_jobs=workers, return_as="generator_unordered")
    calls = (joblib.delayed(call)(seed) for seed in seeds)
    progress(0, len(seeds), what)
    try:
        with _worn_workers_replaced(), _current_folder_kept_out():
            with interrupts_held():
                replays = parallel(calls)
            for done, _ in enumerate(replays, start=1):
                progress(done, len(seeds), what)
    except BaseException:
        if workers > 1:
            get_reusable_executor().shutdown(wait=True, kill_workers=True)
        raise


def _packed(replay: Callable[[int], None]) -> bytes | None:
    """``replay`` as another process takes it; None where it cannot be sent."""
    try:
        packed: bytes = cloudpickle.dumps(replay)
    except Exception:
        return None
    return packed


def _unpacked(packed: bytes, path: list[str], seed: int) -> None:
    """In another process: find modules where the first one does, those beside a user's file too, and replay."""
    sys.path.extend(folder for folder in path if folder not in sys.path)
    cloudpickle.loads(packed)(seed)


@contextmanager
def _worn_workers_replaced() -> Iterator[None]:
    """A process that has grown is replaced by a fresh one without a word: no replay is lost."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given to the executor")
        yield


@contextmanager
def _current_folder_kept_out() -> Iterator[None]:
    """A process that starts meanwhile takes no file of the current folder for one of the modules that it starts with.

    It goes on with this process's path, by which the modules of the user's own are found.
    """
    name = "PYTHONSAFEPATH"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
