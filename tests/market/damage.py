"""Files with some bytes changed, or an end missing: what comes over a bad line."""

from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

from tradesim.errors import TradesimError
from tradesim.market.ingest import ingest


@st.composite
def damaged(draw: st.DrawFn, data: bytes, *, within: int | None = None) -> bytes:
    """``data`` with up to four bytes changed among the first ``within``, and sometimes cut short."""
    changed = bytearray(data)
    for _ in range(draw(st.integers(0, 4))):
        changed[draw(st.integers(0, min(len(data), within or len(data)) - 1))] = draw(st.integers(0, 255))
    return bytes(changed[: draw(st.one_of(st.just(len(data)), st.integers(1, len(data))))])


def assert_a_plain_error_or_a_tape(format: str, paths: Sequence[Path]) -> None:  # noqa: A002
    try:
        tape, _ = ingest(format, paths)
    except TradesimError as error:
        assert "\n" not in str(error), "an error is one line"  # noqa: PT017
    else:
        assert len(tape) > 0
