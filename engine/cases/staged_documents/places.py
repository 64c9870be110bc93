"""The form for which a file is uploaded."""

import re
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")  # of a definition


@dataclass(frozen=True, slots=True)
class Place:
    """A form: the start of a definition (by its key), a task, an appeal of a case, or a draft (by their ids).

    A draft has a place of its own if it serves several services, or belongs to a person for whom a portal
    acts. The documents of an account's own draft of one service belong to the start of that definition.
    """

    kind: Literal["start", "task", "appeal", "draft"]
    of: str

    @classmethod
    def start(cls, key: str) -> "Place":
        """Returns the place of the start form of a definition."""
        return cls("start", key)

    @classmethod
    def task(cls, task_id: UUID) -> "Place":
        """Returns the place of the form of a task."""
        return cls("task", str(task_id))

    @classmethod
    def appeal(cls, case_id: UUID) -> "Place":
        """Returns the place of the form for an appeal against a decision of this case."""
        return cls("appeal", str(case_id))

    @classmethod
    def draft(cls, draft_id: UUID) -> "Place":
        """Returns the place of the forms that a draft of an application answers."""
        return cls("draft", str(draft_id))

    @classmethod
    def read(cls, text: str) -> "Place | None":
        """Parses a place as it is stored and as forms of pages send it. Returns None for any other text."""
        kind, _, of = text.partition(":")
        if kind == "start" and _KEY.fullmatch(of):
            return cls.start(of)
        try:
            found = UUID(of)
        except ValueError:
            return None
        by_id = {"task": cls.task, "appeal": cls.appeal, "draft": cls.draft}
        return by_id[kind](found) if kind in by_id else None

    def __str__(self) -> str:
        """Returns the place as it is stored."""
        return f"{self.kind}:{self.of}"
