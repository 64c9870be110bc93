"""The designer's workplace: processes and their versions, sketches, the check, the modeler."""

from web.designer import catalogue, checking, comparing, drawing, sketching, starting, versions
from web.designer.area import blueprint

__all__ = ["blueprint", "catalogue", "checking", "comparing", "drawing", "sketching", "starting", "versions"]
