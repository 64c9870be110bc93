"""Sketches: processes that are still being drawn, and may have errors.

Who may deploy in its unit sees and edits a sketch. What becomes of it is a deployment like any other.
"""

from engine.sketches.checking import Checkable, ask, give_up, judge, take
from engine.sketches.choosing import Choices, choices
from engine.sketches.drafting import (
    MAX_TITLE,
    ForeignPlace,
    create,
    delete,
    deploy,
    from_version,
    remove_foreign,
    rename,
    save,
)
from engine.sketches.looking import Looked, look
from engine.sketches.reading import PAGE, Check, File, Listed, View, file, files_of, get, page, units

__all__ = [
    "MAX_TITLE",
    "PAGE",
    "Check",
    "Checkable",
    "Choices",
    "File",
    "ForeignPlace",
    "Listed",
    "Looked",
    "View",
    "ask",
    "choices",
    "create",
    "delete",
    "deploy",
    "file",
    "files_of",
    "from_version",
    "get",
    "give_up",
    "judge",
    "look",
    "page",
    "remove_foreign",
    "rename",
    "save",
    "take",
    "units",
]
