"""What a theory says and what the simulator found, side by side."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """``theory`` by whom, ``setting`` under which parameters, ``quantity`` that is compared.

    ``error`` is one standard error of ``simulated``; ``allowed`` how far that may be from ``expected``.
    """

    theory: str
    setting: str
    quantity: str
    expected: float
    simulated: float
    error: float
    allowed: float

    @property
    def deviation(self) -> float:
        """How far what was found is from what is expected."""
        return abs(self.simulated - self.expected)


def as_table(findings: Iterable[Finding]) -> str:
    """The findings as a table in Markdown."""
    lines = ["| theory | setting | quantity | expected | simulated | standard error | allowed |", "| --- " * 7 + "|"]
    for each in findings:
        figures = f"{each.expected:.4f} | {each.simulated:.4f} | {each.error:.2g} | {each.allowed:.2g}"
        lines.append(f"| {each.theory} | {each.setting} | {each.quantity} | {figures} |")
    return "\n".join(lines)
