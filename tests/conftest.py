"""Fixtures that every room's tests share."""

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"

# The first call of a kernel compiles it, which no deadline of an example allows for.
hypothesis.settings.register_profile("kernels", deadline=None)
hypothesis.settings.load_profile("kernels")


def _shared_folder(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"no folder ../shared/{name} beside the project")
    return folder


@pytest.fixture(scope="session")
def shared_reference() -> Path:
    """Published option values, beside the project."""
    return _shared_folder("reference")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Recorded market data, beside the project."""
    return _shared_folder("data")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data home of the tests' own."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRADESIM_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def small_comparison(home: Path) -> "object":
    """Methods that need no building, on twenty seconds of generated market, under two seeds."""
    import tradesim
    from tradesim.units import SECOND

    return tradesim.compare(
        market=tradesim.SyntheticMarket(duration=20 * SECOND),
        methods=("nothing", "proxy", "analytic", "analytic-slice"),
        seeds=(1, 2),
        curve=(0, 100_000),
        db=home / "small.duckdb",
        jobs=1,
    )
