"""CSV as spreadsheets and other tools write it, made plain: marks, blank lines at the end, quoted fields."""

import csv
from typing import Final

from tradesim.errors import SourceError

MARK: Final = b"\xef\xbb\xbf"
"""What some tools begin a text in UTF-8 with."""

WIDE_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
"""What a text in UTF-16 begins with."""

SEPARATORS: Final = {b";": "semicolons", b"\t": "tabs"}
"""What some tools put in place of commas."""

COMMA_IN_A_FIELD: Final = "\N{SINGLE LOW-9 QUOTATION MARK}"


def plain_csv(data: bytes, where: str, *, first: int = 1) -> bytes:
    """The lines of ``data``, of which the first is line ``first`` of ``where``, each ended by a newline.

    They have no mark before them, no blank line after them and no quotes. A comma within a quoted field becomes a sign
    that looks like it and separates nothing: it is in no number, date or symbol.

    Raises :class:`~tradesim.errors.SourceError` for UTF-16, other separators than commas, and a quoted field that does
    not end on its line.

    >>> plain_csv(b'\\xef\\xbb\\xbfts,"bid"\\r\\n1,"2.5"\\r\\n,\\r\\n\\r\\n', "a file")
    b'ts,bid\\n1,2.5\\n'
    """
    if first == 1:
        _check_form(data, where)
    lines = without_blank_end(data.removeprefix(MARK) if first == 1 else data).replace(b"\r\n", b"\n")
    if lines and not lines.endswith(b"\n"):
        lines += b"\n"
    is_quoted = lines.startswith(b'"') or b',"' in lines or b'\n"' in lines
    return _unquoted(lines, where, first) if is_quoted else lines


def without_blank_end(data: bytes) -> bytes:
    """``data`` without the lines at its end that hold nothing, or nothing but commas.

    >>> without_blank_end(b"1,2\\n3,\\n,,\\n\\n")
    b'1,2\\n3,\\n'
    """
    end = len(data)
    while end:
        start = data.rfind(b"\n", 0, end - 1) + 1
        if data[start:end].strip(b' \t\r\n,"'):
            break
        end = start
    return data[:end]


def _check_form(data: bytes, where: str) -> None:
    if data.startswith(WIDE_MARKS):
        raise SourceError(f"{where}: a text in UTF-16; save it as CSV in UTF-8")
    head = data.partition(b"\n")[0]
    for separator, named in SEPARATORS.items():
        if b"," not in head and head.count(separator) > 1:
            raise SourceError(f"{where}, line 1: {named} separate the fields; save it as CSV with commas")


def _unquoted(data: bytes, where: str, first: int) -> bytes:
    lines = data.decode("utf-8", "surrogateescape").removesuffix("\n").split("\n")
    reader = csv.reader(lines, strict=True)
    rows: list[str] = []
    try:
        for row in reader:
            if reader.line_num != len(rows) + 1:
                break
            rows.append(",".join(field.replace(",", COMMA_IN_A_FIELD) for field in row))
    except csv.Error:
        pass
    if len(rows) != len(lines):
        raise SourceError(
            f"{where}, line {first + len(rows)}: a quoted field does not end by a quote before a comma or the line's "
            "end; mend the line"
        )
    return ("\n".join(rows) + "\n").encode("utf-8", "surrogateescape")
