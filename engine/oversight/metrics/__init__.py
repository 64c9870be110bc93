"""The figures of oversight, read from the projection: overview, time, delays, steps, people, portfolio, lists.

Plain functions that return what pages, CSV and the API show. docs/metrics.md explains each figure.
"""

from engine.oversight.metrics.figures import Figure
from engine.oversight.metrics.filters import Filters
from engine.oversight.metrics.overview import AGES, Compared, Line, Numbers, Overview, Stock, overview

__all__ = ["AGES", "Compared", "Figure", "Filters", "Line", "Numbers", "Overview", "Stock", "overview"]
