"""The designer's workplace: processes and their versions, sketches, the check, the modeler."""

from web.designer import checking, comparing, drawing, looking, overview, sketching, starting, versions
from web.designer.area import blueprint

__all__ = [
    "blueprint",
    "checking",
    "comparing",
    "drawing",
    "looking",
    "overview",
    "sketching",
    "starting",
    "versions",
]
