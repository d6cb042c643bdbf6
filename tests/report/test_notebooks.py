"""Notebooks are kept with their outputs, and those tell nothing of the machine that made them."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "analysis").glob("*.ipynb"))


def code_cells(path: Path) -> list[Any]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_was_run_from_top_to_bottom(path: Path) -> None:
    cells = code_cells(path)

    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [output for cell in cells for output in cell.outputs if output.output_type in {"error", "stream"}]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_charts_are_kept_as_pictures(path: Path) -> None:
    assert any("image/png" in output.get("data", {}) for cell in code_cells(path) for output in cell.outputs)
    assert path.stat().st_size < 2**20


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_outputs_name_no_path(path: Path) -> None:
    words = [
        text
        for cell in code_cells(path)
        for output in cell.outputs
        for kind, text in output.get("data", {}).items()
        if kind.startswith("text/")
    ]

    assert not [text for text in words if re.search(r"(?<![\w<])/[\w.-]+/[\w.-]+|[A-Z]:\\", text)]
