"""The facts of events: docs/events.md lists exactly those of the vocabulary."""

import re

from engine.events.vocabulary import VOCABULARY
from engine.platform.config import ROOT

ROW = re.compile(r"^\| (`[a-z.]+`(?:, `[a-z.]+`)*) \| (.*) \|$", re.MULTILINE)


def test_documented_facts_are_those_of_the_vocabulary() -> None:
    text = (ROOT / "docs" / "events.md").read_text()
    section = text[text.index("\n## Facts\n") : text.index("\n## The chain\n")]
    documented = {}
    for kinds, facts in ROW.findall(section):
        without_values = re.sub(r"\([^)]*\)", "", facts)
        for kind in re.findall(r"`([a-z.]+)`", kinds):
            documented[kind] = set(re.findall(r"`([a-z_]+)`", without_values))
    assert documented == {kind: set(facts) for kind, facts in VOCABULARY.items()}
