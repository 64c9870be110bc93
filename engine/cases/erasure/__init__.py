"""Erasing the personal data of an ended case: from every table, and from the storage of documents.

`inventory` says what becomes of each column and folder, `erasing` does it in one transaction, `files` deletes
stored content after the commit. The case, its tasks and its log stay as ids, times and kinds.
"""

from engine.cases.erasure.erasing import MAX_BASIS, Erased, Plan, erase, plan, vacuum
from engine.cases.erasure.files import Deletion, delete_files, pending, sweep

__all__ = [
    "MAX_BASIS",
    "Deletion",
    "Erased",
    "Plan",
    "delete_files",
    "erase",
    "pending",
    "plan",
    "sweep",
    "vacuum",
]
