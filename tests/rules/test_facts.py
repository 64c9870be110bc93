"""The facts of events and the administration log: the documents list exactly those of the vocabularies."""

import re
from typing import get_args

from engine.events import administration_log
from engine.events.vocabulary import VOCABULARY
from engine.models import OrganisationKind
from engine.platform.config import ROOT

ROW = re.compile(r"^\| (`[a-z.]+`(?:, `[a-z.]+`)*) \| (.*) \|$", re.MULTILINE)


def listed(section: str) -> dict[str, set[str]]:
    """Return the names in the second column of a table, by the kinds in the first."""
    documented = {}
    for kinds, facts in ROW.findall(section):
        without_values = re.sub(r"\([^)]*\)", "", facts)
        for kind in re.findall(r"`([a-z.]+)`", kinds):
            documented[kind] = set(re.findall(r"`([a-z_]+)`", without_values))
    return documented


def test_documented_facts_are_those_of_the_vocabulary() -> None:
    text = (ROOT / "docs" / "events.md").read_text()
    section = text[text.index("\n## Facts\n") : text.index("\n## The chain\n")]
    assert listed(section) == {kind: set(facts) for kind, facts in VOCABULARY.items()}


def test_documented_entries_are_those_of_the_administration_log() -> None:
    text = (ROOT / "docs" / "administration-log.md").read_text()
    section = text[text.index("\n## Kinds\n") : text.index("\n## Outages\n")]
    vocabulary = administration_log.VOCABULARY
    assert listed(section) == {kind: set(values) for kind, values in vocabulary.items()}
    assert set(vocabulary) == set(get_args(OrganisationKind))
