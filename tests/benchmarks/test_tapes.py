"""The sources that ``python tests/benchmarks/tapes`` makes are read by the commands that the README gives."""

import subprocess
import sys
from pathlib import Path

import pytest

from tradesim.market.ingest import ingest

SCRIPT = Path(__file__).parent / "tapes"


@pytest.mark.slow
def test_sources_that_are_made_become_tapes(shared_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("databento", reason="the vendor's package is not installed")
    subprocess.run([sys.executable, SCRIPT, shared_data, tmp_path], check=True)
    weekend, _ = ingest(f"{SCRIPT / 'weekend_reader.py'}:read", [tmp_path / "weekend.csv"], underlying="MTX")
    assert (weekend.currency, weekend.unit, len(weekend.hours), len(weekend.chain.strike)) == ("TWD", 50, 3, 28)
    over, _ = ingest("databento", sorted((tmp_path / "es-over").glob("*.dbn")))
    assert sum(over.chain.expiry < over.ts[-1]) == 14
