"""From measured numbers to a line a person can judge: medians with their spread, percentiles, ratios."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so large a share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(round(share * len(ordered) + 0.5) - 1, len(ordered) - 1)] if ordered else float("nan")


def spread(values: Sequence[float], digits: int = 0) -> str:
    """The median, and in brackets the least and the greatest."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def ratios(ours: Sequence[float], baseline: Sequence[float]) -> list[float]:
    """Round by round, since neighbouring rounds had the same noise."""
    return [one / other for one, other in zip(ours, baseline, strict=True)]


def verdict(value: float, budget: float, *, at_least: bool) -> str:
    """Whether the budget is met."""
    kept = value >= budget if at_least else value <= budget
    return f"{'ok' if kept else 'OVER'}: budget {'≥' if at_least else '≤'} {budget:g}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned, the first to the left."""
    lines = [list(header), *[list(row) for row in rows]]
    widths = [max(len(line[place]) for line in lines) for place in range(len(header))]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *[cell.rjust(widths[n]) for n, cell in enumerate(line) if n]])
        for line in lines
    )
