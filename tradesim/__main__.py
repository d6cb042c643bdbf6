"""``python -m tradesim``: the command line."""

from tradesim.cli import main

if __name__ == "__main__":
    main()
