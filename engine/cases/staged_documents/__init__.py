"""Staged documents: files for fields of forms that were not sent yet.

A file is uploaded for one field of one form: of a start, of an appeal, or of a task. The answer names it by
its id. When the answer is sent, the file becomes a document of the case in the same transaction, under the
same id. Files that are never sent are deleted. Receiving and checking files is done by
`engine.documents.form_uploads`.
"""

from engine.cases.staged_documents.claiming import NOTHING, Claimed, claim, require, with_copies
from engine.cases.staged_documents.parts import announce, append, copy_content, finish
from engine.cases.staged_documents.places import Place
from engine.cases.staged_documents.rows import (
    DAY,
    MONTH,
    File,
    Staged,
    add,
    discard,
    discard_all,
    discard_some,
    discard_unfinished,
    forget,
    get,
    mark_files,
    names,
    of_place,
    place_of,
    require_room,
)

__all__ = [
    "DAY",
    "MONTH",
    "NOTHING",
    "Claimed",
    "File",
    "Place",
    "Staged",
    "add",
    "announce",
    "append",
    "claim",
    "copy_content",
    "discard",
    "discard_all",
    "discard_some",
    "discard_unfinished",
    "finish",
    "forget",
    "get",
    "mark_files",
    "names",
    "of_place",
    "place_of",
    "require",
    "require_room",
    "with_copies",
]
