"""Readers of vendors' files: one file a format, described in its docstring."""
