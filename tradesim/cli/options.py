"""The options of every question as flags: those of :class:`~tradesim.experiments.options.Options`, by its own names."""

from dataclasses import field, fields, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cyclopts import Parameter

from tradesim.cli.app import Seeds, Tapes, Whole
from tradesim.experiments.options import Options
from tradesim.progress import Progress, silent

KINDS: Final[dict[str, Any]] = {
    "tape": Tapes,
    "seeds": Seeds,
    "strategy": Path | None,
    "db": Path | None,
    **dict.fromkeys(("edge", "fee", "maker_fee", "underlying_fee"), float | None),
    **dict.fromkeys(("rejections", "memory_price"), float),
    **dict.fromkeys(("cap", "position_limit"), Whole | None),
    "jobs": Whole,
}
"""What is no text on the command line."""

IN_PYTHON: Final = frozenset({"wires", "venue", "setting", "progress"})
"""Options that are objects alone."""

CONFIG: Final = """    config
        A file of TOML with any of these options by their names; a flag wins over it (tradesim config prints one).
    """

if TYPE_CHECKING:
    Flags = Any
else:
    Flags = make_dataclass(
        "Flags",
        [
            (
                each.name,
                KINDS.get(each.name, str if isinstance(each.default, str) else str | None),
                field(default=str(each.default) if isinstance(each.default, str) else each.default),
            )
            for each in fields(Options)
            if each.name not in IN_PYTHON
        ]
        + [("config", Path | None, field(default=None))],
        frozen=True,
        kw_only=True,
    )
    Flags.__doc__ = Options.__doc__.partition("    wires\n")[0] + CONFIG
    Flags.__module__ = __name__
    Flags = Parameter(name="*")(Flags)

USUAL: Final = Flags()
"""Nothing stated."""


def stated(flags: Flags, tell: Progress = silent) -> dict[str, Any]:
    """The options that the flags state, as keywords."""
    named = {each.name: getattr(flags, each.name) for each in fields(flags) if each.name != "config"}
    return named | {"progress": tell}
