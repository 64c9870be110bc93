"""docs/dmn-findings.md tells every finding on decisions that a check can make, and no other."""

import ast
import re

from engine.platform.config import ROOT

DOCUMENT = (ROOT / "docs" / "dmn-findings.md").read_text(encoding="utf-8")
CODE = re.compile(r"[a-z]+(-[a-z0-9]+)+")
ROW = re.compile(r"(?m)^\| (`[^|]*) \|")


def test_every_finding_is_documented_and_no_other() -> None:
    sources = [
        *ROOT.glob("engine/dmn/check/*.py"),
        ROOT / "engine/dmn/model/reader.py",
        ROOT / "engine/platform/findings.py",
    ]
    constants = (node for path in sources for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    codes = {
        node.value
        for node in constants
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    }
    documented = {code for row in ROW.findall(DOCUMENT) for code in re.findall(r"`([^`]+)`", row)}
    assert documented == codes | {"doctype"}
