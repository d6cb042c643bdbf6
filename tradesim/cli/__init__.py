"""The command line: every command is a function that a script can call too, in a file of its own."""

import os
import sys

import cyclopts

from tradesim.cli import (  # noqa: F401
    advise,
    balance,
    breakeven,
    build,
    check,
    compare,
    config,
    facts,
    frontier,
    generate,
    hybrid,
    ingest,
    iso,
    measure,
    methods,
    race,
    rivals,
    run,
    sql,
)
from tradesim.cli.app import app
from tradesim.cli.config import with_config
from tradesim.errors import TradesimError
from tradesim.home import place_compiled_code


def main() -> None:
    """Run the command line: 0 when done, 1 if a check fails, 2 for bad input (one line on stderr), 130 for Ctrl-C."""
    sys.exit(exit_status(sys.argv[1:]))


def exit_status(tokens: list[str]) -> int:
    """Run the command that ``tokens`` say; return what the process is to exit with."""
    try:
        place_compiled_code()
        status = app(with_config(tokens), exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (TradesimError, cyclopts.CycloptsError) as error:
        return _refused(str(error))
    except OSError as error:
        return _refused(f"{error.filename or 'system'}: {error.strerror or error}; name a place that can be used")
    except KeyboardInterrupt:
        print("tradesim: interrupted; nothing was stored", file=sys.stderr)
        return 130
    return int(status or 0)


def _refused(why: str) -> int:
    print("tradesim: " + " ".join(why.split()), file=sys.stderr)
    return 2
