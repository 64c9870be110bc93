"""Charts as SVG, drawn on the server: they print, and read in both directions and with a screen reader.

A chart is for the eye; the page has its figures also in a table. Series differ by pattern, stroke or shape,
not by colour alone. Nothing here reads data: the caller passes names, values and texts.
"""

from web.charts.bars import Bar, Part, Stack, bars, meter, stacks, whole
from web.charts.canvas import About, sample, swatches
from web.charts.lines import Series, key, lines
from web.charts.scales import ticks

__all__ = [
    "About",
    "Bar",
    "Part",
    "Series",
    "Stack",
    "bars",
    "key",
    "lines",
    "meter",
    "sample",
    "stacks",
    "swatches",
    "ticks",
    "whole",
]
