"""The designer's pages: processes and their versions, drafts, the check, the modeler."""

from web.designer import (
    checking,
    comparing,
    drafts,
    drawing,
    importing,
    looking,
    overview,
    starting,
    versions,
)
from web.designer.area import blueprint

__all__ = [
    "blueprint",
    "checking",
    "comparing",
    "drafts",
    "drawing",
    "importing",
    "looking",
    "overview",
    "starting",
    "versions",
]
