"""``python tests/benchmarks/tapes DATA OUT``: sources of tapes over expiries and closes, derived and made.

``DATA`` holds vendors' samples, in the folders that the functions name; they are not part of the project. ``OUT`` gets

| files | what |
| --- | --- |
| ``2015122?_quote_american.zip``, ``equity_2015122?_quote.zip`` | derived: one recorded half day under three dates |
| ``over.0`` | derived: a capture of Deribit, moved to 08:00 UTC of 9 April 2021, when contracts expire |
| ``es/*.dbn``, ``es-over/*.dbn`` | half made: options quoted around a recorded future, and all of it 20 hours later |
| ``weekend.csv`` | made: index options on a Friday, its night and Monday, in Taipei's time |

The draws are seeded: with the same versions of packages, the same bytes.
"""

import re
import sys
from functools import partial
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from es import es_chain
from made import SECOND, instant
from weekend import weekend

HALF_DAY, DAYS = "20151224", ("20151222", "20151223", "20151224")
CAPTURE_MINUTE, EXPIRED = 1617644916, "ETH-6APR21-2400-P"


def lean_days(data: Path, out: Path) -> None:
    """The bars of a half day under three dates, of three expiries."""
    for day in DAYS:
        for name in (f"{HALF_DAY}_quote_american.zip", f"equity_{HALF_DAY}_quote.zip"):
            source = ZipFile(data / "lean_goog_20151224" / name)
            with ZipFile(out / name.replace(HALF_DAY, day), "w", ZIP_DEFLATED) as target:
                for member in source.namelist():
                    if "american" not in member or member[-12:-4] in {HALF_DAY, "20151231", "20160108"}:
                        target.writestr(day + member[8:], source.read(member))


def deribit_over(data: Path, out: Path) -> None:
    """The capture without one contract, its clocks moved so that its 60th second is 08:00 UTC of 9 April 2021."""
    seconds = instant("2021-04-09T08:00") // SECOND - CAPTURE_MINUTE
    clocks = (
        (r"^((?:wss\S+ (?:<->|<-|->) )?)(\d{10})(?=\.\d)", seconds),
        (r'("timestamp":)(\d{13})', seconds * 10**3),
        (r'("us(?:In|Out)":)(\d{16})', seconds * 10**6),
    )
    lines = (data / "deribit_20210405" / "DERIBIT-5dd9ce.0").read_text().splitlines(keepends=True)
    text = "".join(line for line in lines if EXPIRED not in line)
    for clock, by in clocks:
        text = re.sub(clock, partial(moved, by=by), text, flags=re.MULTILINE)
    (out / "over.0").write_text(text)


def moved(clock: re.Match[str], by: int) -> str:
    """The clock that a pattern found, later by ``by`` of its own units."""
    return clock[1] + str(int(clock[2]) + by)


def main(data: Path, out: Path) -> None:
    """Write every source."""
    out.mkdir(parents=True, exist_ok=True)
    lean_days(data, out)
    deribit_over(data, out)
    es_chain(data, out / "es", hours=0)
    es_chain(data, out / "es-over", hours=20)
    weekend(out)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
