"""A code that the documentation names behind a status is one that an answer can have."""

import re

from engine.platform.errors import Refusal
from engine.platform.messages import refusals
from tests.rules.sources import ROOT, nodes, python

# 409 `report-signed`, `too-many-actions`
NAMED = re.compile(r"\b(?:40[0139]|41[23]|42[29]|503) ((?:`[a-z]+(?:-[a-z]+)*`(?:, | or )?)+)")


def _classes(kind: type[Refusal]) -> set[str]:
    return {refusals.name(kind)}.union(*(_classes(one) for one in kind.__subclasses__()))


def _sent() -> set[str]:
    """The texts in the code, besides the names of types, and the codes of classes."""
    types = ROOT / "api" / "problems.py"
    code = [path for folder in ("engine", "api", "web") for path in python(folder) if path != types]
    values = (getattr(node, "value", None) for path in code for node in nodes(path))
    return {value for value in values if isinstance(value, str)} | _classes(Refusal)


def test_each_code_behind_a_status_in_the_documentation_can_be_sent() -> None:
    pages = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
    named = {
        (page.name, code)
        for page in pages
        for listed in NAMED.findall(page.read_text("utf-8"))
        for code in re.findall(r"`(.+?)`", listed)
    }
    assert len(named) > 50
    sent = _sent()
    assert not {(page, code) for page, code in named if code not in sent}
