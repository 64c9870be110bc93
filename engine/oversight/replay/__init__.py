"""Rebuilds cases from their events alone, and compares them with the tables."""

from engine.oversight.replay.comparison import BATCH, FORGED, Compared, Difference, compare, compared_columns

__all__ = ["BATCH", "FORGED", "Compared", "Difference", "compare", "compared_columns"]
