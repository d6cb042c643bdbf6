"""``tradesim config`` and ``--config``: a question in a file of TOML, by the names of its flags."""

import json
import tomllib
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from cyclopts.argument import ArgumentCollection, update_argument_collection

from tradesim.cli.app import app
from tradesim.errors import ArgumentError

OPTION = "--config"


@dataclass(frozen=True)
class QuestionFile:
    """The options in the TOML file at ``path``; a list is what a flag separates by commas, but of tapes."""

    path: Path

    def __call__(self, app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        """State the options to the command line, which holds them to its rules."""
        update_argument_collection(
            self._options(), str(self.path), arguments, app.app_stack.stack[-1], root_keys=(), allow_unknown=False
        )

    def _options(self) -> dict[str, Any]:
        try:
            stated = tomllib.loads(self.path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ArgumentError(
                f"config {self.path}: it is no TOML: {error}; write for example seeds = '1-8'"
            ) from None
        tables = [key for key, value in stated.items() if isinstance(value, dict)]
        if tables:
            raise ArgumentError(
                f"config {self.path}: [{tables[0]}] is a table; state options alone, such as seeds = '1-8'"
            )
        joined = {key: ",".join(map(str, value)) for key, value in stated.items() if isinstance(value, list)}
        return stated | {key: value for key, value in joined.items() if key != "tape"}


def with_config(tokens: list[str]) -> list[str]:
    """``tokens`` without the file that they name, whose options hold from now on where no flag states them."""
    app.config = ()
    if tokens[:1] == ["config"]:
        return tokens
    for at, token in enumerate(tokens):
        name, equals, value = token.partition("=")
        if name == OPTION:
            given = [value] if equals else tokens[at + 1 : at + 2]
            if not given or not Path(given[0]).is_file():
                raise ArgumentError(f"config {' '.join(given) or '(none)'}: there is no such file; name a TOML file")
            app.config = (QuestionFile(Path(given[0])),)
            return tokens[:at] + tokens[at + (1 if equals else 2) :]
    return tokens


@app.command
def config(*question: Annotated[str, Parameter(allow_leading_hyphen=True)]) -> None:
    """Print what a question would be asked with, as TOML that --config reads.

    For example: tradesim config compare --market teaching --methods grid,curve > study.toml; then
    tradesim compare --config study.toml --seeds 1-3. A flag wins over the file.

    Parameters
    ----------
    question
        A command and its flags: compare, run, race, breakeven, iso, rivals or measure.
    """
    if not question:
        raise ArgumentError("config (none): name a command and its flags, as in tradesim config compare --seeds 1-3")
    _, bound, _ = app.parse_args(with_config([*question]), exit_on_error=False, print_error=False)
    for name, value in bound.arguments.items():
        each = {f.name: getattr(value, f.name) for f in fields(value)} if is_dataclass(value) else {name: value}
        for key, stated in each.items():
            if stated is not None and stated != ():
                print(f"{key.replace('_', '-')} = {_toml(stated)}")


def _toml(value: Any) -> str:
    """A value as TOML writes it: JSON does as well for texts, numbers, truths and lists of them."""
    stated = [str(each) for each in value] if isinstance(value, list | tuple) else _plain(value)
    return json.dumps(stated, ensure_ascii=False)


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float) else str(value)
