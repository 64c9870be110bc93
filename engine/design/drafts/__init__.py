"""Process drafts: processes that are still being designed, and may have errors.

Those who may deploy in its unit see and edit a draft. It is deployed like any other files.
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
