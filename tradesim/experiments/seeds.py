"""Seeds replayed beside one another, each in a process of its own."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import joblib
from joblib.externals.loky import get_reusable_executor

from tradesim.progress import Progress


def each_seed(replay: Callable[[int], None], seeds: Sequence[int], *, workers: int, progress: Progress) -> None:
    """Call ``replay`` with every seed, in at most ``workers`` processes at once; one: in this process, in turn."""
    parallel = joblib.Parallel(n_jobs=workers, return_as="generator_unordered")
    calls = (joblib.delayed(replay)(seed) for seed in seeds)
    progress(0, len(seeds), "replaying")
    try:
        with _interrupts_held():
            replays = parallel(calls)
        for done, _ in enumerate(replays, start=1):
            progress(done, len(seeds), "replaying")
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
