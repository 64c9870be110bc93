"""docs/bpmn-support.md lists every finding that a check can make, and no other."""

import ast
import re

from engine.bpmn.check.expressions import MODULES
from engine.platform.config import ROOT
from tests.catalogues import texts

DOCUMENT = (ROOT / "docs" / "bpmn-support.md").read_text()
CODE = re.compile(r"([a-z]+(?:-[a-z0-9]+)+)(?:\.[a-z0-9-]*)?")
CATALOGUE = {key.split(".")[1] for key in texts("findings")}


def codes_in_source() -> set[str]:
    sources = [*ROOT.glob("engine/bpmn/check/*.py"), ROOT / "engine/bpmn/analysis/checking.py"]
    sources += [ROOT / "engine/bpmn/notation/source.py"]
    sources += [*ROOT.glob("engine/bpmn/translate/*.py"), ROOT / "engine/bpmn/forms/form_js.py"]
    sources += [ROOT / "engine/platform/findings.py"]
    constants = (node for path in sources for node in ast.walk(ast.parse(path.read_text())))
    words = (node.value for node in constants if isinstance(node, ast.Constant))
    found = (CODE.fullmatch(word) for word in words if isinstance(word, str))
    return {match[1] for match in found if match} & CATALOGUE


def test_every_finding_is_documented() -> None:
    documented = {name for name in re.findall(r"`([^`]+)`", DOCUMENT) if CODE.fullmatch(name)}
    source = codes_in_source()
    of_decisions = set(re.findall(r"`([a-z-]+)`", (ROOT / "docs" / "dmn-findings.md").read_text())) - source
    assert documented & CATALOGUE - of_decisions == source


def test_every_module_is_documented() -> None:
    (row,) = (line for line in DOCUMENT.splitlines() if line.startswith("| modules: "))
    assert set(re.findall(r"\w+", row.partition(":")[2].partition("|")[0])) == MODULES
