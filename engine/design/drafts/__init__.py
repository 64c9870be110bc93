"""Sketches: processes that are still being drawn, and may have errors.

Who may deploy in its unit sees and edits a sketch. What becomes of it is a deployment like any other.
"""

from engine.design.drafts.archives import unpack
from engine.design.drafts.checks import Checkable, ask, give_up, judge, take
from engine.design.drafts.choices import Choices, choices
from engine.design.drafts.editing import (
    MAX_TITLE,
    NOT_RUN,
    ForeignPlace,
    add_scenario,
    create,
    delete,
    deploy,
    from_version,
    note_tried,
    remove_foreign,
    rename,
    require_number,
    save,
)
from engine.design.drafts.preview import Preview, look
from engine.design.drafts.reading import (
    PAGE,
    Check,
    File,
    Listed,
    View,
    digest,
    file,
    files_of,
    get,
    page,
    source,
    units,
)

__all__ = [
    "MAX_TITLE",
    "NOT_RUN",
    "PAGE",
    "Check",
    "Checkable",
    "Choices",
    "File",
    "ForeignPlace",
    "Listed",
    "Preview",
    "View",
    "add_scenario",
    "ask",
    "choices",
    "create",
    "delete",
    "deploy",
    "digest",
    "file",
    "files_of",
    "from_version",
    "get",
    "give_up",
    "judge",
    "look",
    "note_tried",
    "page",
    "remove_foreign",
    "rename",
    "require_number",
    "save",
    "source",
    "take",
    "units",
    "unpack",
]
