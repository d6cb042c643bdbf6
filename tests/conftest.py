"""Fixtures that every room's tests share."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


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
