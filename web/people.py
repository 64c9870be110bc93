"""People as pages let one choose among them: by what they are called, in the order of the alphabet."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from engine import persian
from web.texts import reader


def people_to_choose(rows: Sequence[Any], key: str = "id") -> list[tuple[str, str]]:
    """Values and texts of a choice, from rows with `name` and `display_name`.

    Where two are called the same, the accounts tell them apart.
    """
    called = [(str(getattr(row, key)), row.name, reader().person(row.display_name)) for row in rows]
    often = Counter(text for _, _, text in called)
    found = [(value, f"{text} ({name})" if often[text] > 1 else text) for value, name, text in called]
    return sorted(found, key=lambda one: persian.order(one[1]))
