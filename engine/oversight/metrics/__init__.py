"""Reads the figures of oversight: overview, time, delays, steps, people, portfolio, lists of cases.

Plain functions that return what pages, CSV and the API show. docs/metrics.md explains each figure.
"""

from engine.oversight.metrics.automation import AutomatedLine
from engine.oversight.metrics.case_lists import (
    MEASURES,
    PASSAGES,
    CaseLine,
    CaseMeasure,
    CasePage,
    DelayCell,
    StepCell,
    list_all_cases,
    list_cases,
)
from engine.oversight.metrics.caused import CausedLine
from engine.oversight.metrics.counts import Counts, Part, counts
from engine.oversight.metrics.figures import FEWEST, NO_DATA, Figure
from engine.oversight.metrics.filters import LONGEST, USUAL, Filters
from engine.oversight.metrics.overview import AGES, Compared, Line, Numbers, Overview, Stock, overview
from engine.oversight.metrics.people import LoadLine, People, RoleLine, UnitQuality, people
from engine.oversight.metrics.portfolio import Portfolio, ServiceLine, Weights, portfolio
from engine.oversight.metrics.steps import StepLine, Steps, busiest, steps
from engine.oversight.metrics.tables import FigureLine, csv_of, figures_of
from engine.oversight.metrics.times import DelayLine, Delays, TimeBy, TimeLine, Times, causes, delays, times

__all__ = [
    "AGES",
    "FEWEST",
    "LONGEST",
    "MEASURES",
    "NO_DATA",
    "PASSAGES",
    "USUAL",
    "AutomatedLine",
    "CaseLine",
    "CaseMeasure",
    "CasePage",
    "CausedLine",
    "Compared",
    "Counts",
    "DelayCell",
    "DelayLine",
    "Delays",
    "Figure",
    "FigureLine",
    "Filters",
    "Line",
    "LoadLine",
    "Numbers",
    "Overview",
    "Part",
    "People",
    "Portfolio",
    "RoleLine",
    "ServiceLine",
    "StepCell",
    "StepLine",
    "Steps",
    "Stock",
    "TimeBy",
    "TimeLine",
    "Times",
    "UnitQuality",
    "Weights",
    "busiest",
    "causes",
    "counts",
    "csv_of",
    "delays",
    "figures_of",
    "list_all_cases",
    "list_cases",
    "overview",
    "people",
    "portfolio",
    "steps",
    "times",
]
