"""Documents of cases: uploading, listing and reading them, and checking what is stored.

A file is checked, scanned and stored before its case is locked; then one transaction writes its rows and its
event. A failed upload is refused, and leaves at most content that no row names, which `check` reports.
"""

from engine.documents.consistency_check import Finding, check
from engine.documents.intake import Intake, Received
from engine.documents.reading import DocumentView, Version, get, of_task, page, version
from engine.documents.uploads import add, admit
from engine.documents.visibility import Visibility, choose, share

__all__ = [
    "DocumentView",
    "Finding",
    "Intake",
    "Received",
    "Version",
    "Visibility",
    "add",
    "admit",
    "check",
    "choose",
    "get",
    "of_task",
    "page",
    "share",
    "version",
]
