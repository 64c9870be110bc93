"""docs/dmn-findings.md lists every finding on decisions that a check can make, and no other."""

import ast
import re

from engine.platform.config import ROOT
from tests.catalogues import texts

DOCUMENT = (ROOT / "docs" / "dmn-findings.md").read_text(encoding="utf-8")
CODE = re.compile(r"([a-z]+(?:-[a-z0-9]+)+)(?:\.[a-z0-9-]*)?")
CATALOGUE = {key.split(".")[1] for key in texts("findings")}
ROW = re.compile(r"(?m)^\| (`[^|]*) \|")


def test_every_finding_is_documented_and_no_other() -> None:
    sources = [
        *ROOT.glob("engine/dmn/check/*.py"),
        ROOT / "engine/dmn/model/reader.py",
        ROOT / "engine/platform/findings.py",
    ]
    constants = (node for path in sources for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    words = (node.value for node in constants if isinstance(node, ast.Constant))
    found = (CODE.fullmatch(word) for word in words if isinstance(word, str))
    codes = {match[1] for match in found if match} & CATALOGUE
    documented = {code for row in ROW.findall(DOCUMENT) for code in re.findall(r"`([^`]+)`", row)}
    assert documented == codes | {"doctype"}
