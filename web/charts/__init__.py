"""Charts: SVG that the server draws, the same on pages of both directions, in print and without colours.

Charts know numbers and texts, not what they mean. Each has a table of the same figures next to it.
"""

from web.charts.bars import Part, stacked_bar
from web.charts.drawing import LOOKS, sample

__all__ = ["LOOKS", "Part", "sample", "stacked_bar"]
