"""Seeds replayed beside one another, each in a process of its own."""

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import joblib
from joblib.externals.loky import get_reusable_executor

from tradesim.experiments.plan import Plan
from tradesim.experiments.replay import Job, replay_seed
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
        workers = 1 if isinstance(self.plan.compute, Measured) else min(self.jobs, len(asked))
        parallel = joblib.Parallel(n_jobs=max(workers, 1), return_as="generator_unordered")
        calls = (
            joblib.delayed(replay_seed)(
                self.plan,
                seed,
                jobs,
                self.latencies,
                comparison=self.name,
                home=self.home,
                staging=self.staging,
                part=f"{seed}-{what.replace(' ', '-')}",
            )
            for seed, jobs in asked.items()
            if jobs
        )
        self.tell(0, len(asked), what)
        try:
            with _interrupts_held():
                replays = parallel(calls)
            for done, _ in enumerate(replays, start=1):
                self.tell(done, len(asked), what)
        except BaseException:
            if workers > 1:
                get_reusable_executor().shutdown(wait=True, kill_workers=True)
            raise


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C waits meanwhile; processes that are started here never get it: this one ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
