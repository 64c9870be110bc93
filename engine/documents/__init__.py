"""Documents of cases: taking them in, listing and reading them, and looking after what is stored.

A file is judged, scanned and stored before its case is held; then one transaction writes its rows and its
event. What fails is refused, and leaves nothing but perhaps content that no row names, which `check` tells.
"""

from engine.documents.consistency_check import Finding, check
from engine.documents.intake import Intake, Received
from engine.documents.reading import DocumentView, Version, get, of_task, page, version
from engine.documents.uploads import add, admit

__all__ = [
    "DocumentView",
    "Finding",
    "Intake",
    "Received",
    "Version",
    "add",
    "admit",
    "check",
    "get",
    "of_task",
    "page",
    "version",
]
