"""What a process is told and may do on some systems only: Windows has neither ``resource`` nor signal masks."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

try:
    import resource
except ModuleNotFoundError:
    resource = None  # type: ignore[assignment]
try:
    import psutil
except ImportError:
    psutil = None

FINE_CPU_TIME: Final = resource is not None
"""Whether a thread's CPU time is counted in less than milliseconds; on Windows it is not."""


def context_switches() -> tuple[int, int]:
    """Context switches of this thread so far: by force, and by its own will; none are known but on Linux."""
    if not hasattr(resource, "RUSAGE_THREAD"):
        return 0, 0
    usage = resource.getrusage(resource.RUSAGE_THREAD)
    return usage.ru_nivcsw, usage.ru_nvcsw


def resident() -> int:
    """The process's resident bytes; 0 where the system does not say."""
    return int(psutil.Process().memory_info().rss) if psutil else 0


def resident_peak() -> int:
    """High-water mark of the process's resident bytes; the system's count of it may lag behind the present."""
    if resource is None:
        return max(resident(), int(getattr(psutil.Process().memory_info(), "peak_wset", 0)) if psutil else 0)
    peak = int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return max(resident(), peak if sys.platform == "darwin" else peak * 1024)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Ctrl-C waits meanwhile, where signals can be held; processes that are started here then never get it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
