"""Rebuilds cases from their events alone, and compares them with the tables."""

from engine.oversight.replay.comparison import (
    BATCH,
    FORGED,
    Batch,
    Compared,
    Difference,
    compare,
    compared_columns,
    judge,
    read,
)

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
