"""``python tests/benchmarks/figures [NAME ...]``: print every figure, or those of the modules named, beside its bar.

Each module here but :mod:`figure` has a function ``figures() -> Iterable[Figure]``.
"""

import sys
from importlib import import_module
from pathlib import Path


def main(names: list[str]) -> None:
    """Import, measure and print, module by module."""
    here = Path(__file__).parent
    every = sorted(path.stem for path in here.glob("*.py") if path.stem not in {"__main__", "figure"})
    unknown = sorted(set(names) - set(every))
    if unknown:
        sys.exit(f"figures {', '.join(unknown)}: there are none of that name; choose from {', '.join(every)}")
    for name in names or every:
        for each in import_module(name).figures():
            print(each, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
