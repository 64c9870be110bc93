"""Rebuilds cases from their events alone, and compares them with the tables."""

from engine.oversight.replay.comparison import FORGED, Compared, Difference, compare, judge
from engine.oversight.replay.reading import BATCH, Batch, compared_columns, read

__all__ = [
    "BATCH",
    "FORGED",
    "Batch",
    "Compared",
    "Difference",
    "compare",
    "compared_columns",
    "judge",
    "read",
]
