"""Erases the personal data of an ended case from all tables and from the storage of documents.

`inventory` and `kept_tables` define what happens to each column, `folders` to each folder. `erasing` does it
in one transaction, and `files` deletes stored content after the commit. Of the case, its tasks and its log,
ids, times and kinds remain.
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
