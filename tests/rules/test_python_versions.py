"""The oldest Python that the product promises is the same wherever a version is named."""

import re
import tomllib
from typing import Any

import pytest
import yaml

from engine.bpmn.expressions.syntax import OLDEST
from tests.rules.sources import text

VERSION = "{}.{}".format(*OLDEST)


def _pyproject(name: str) -> Any:
    return tomllib.loads(text(name))


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", "docs/portal.md", "clients/python/README.md"]
)
def test_documents_name_the_oldest_python(name: str) -> None:
    assert set(re.findall(r"Python (\d\.\d+) or newer", text(name))) == {VERSION}


def test_makefile_accepts_the_oldest_python_and_pins_for_it() -> None:
    makefile = text("Makefile")
    assert set(re.findall(r"Python (\d\.\d+) or newer", makefile)) == {VERSION}
    assert set(re.findall(r"--python-version (\S+)", makefile)) == {VERSION}
    compared = re.findall(r"sys\.version_info < \((\d), (\d+)\)", makefile)
    assert {tuple(map(int, numbers)) for numbers in compared} == {OLDEST}
    (chosen,) = re.findall(r"for name in (python.*?);", makefile)
    named = [tuple(map(int, numbers)) for numbers in re.findall(r"python(\d)\.(\d+)", chosen)]
    assert min(named) == OLDEST


def test_description_for_catalogues_names_the_oldest_python() -> None:
    depends = yaml.safe_load(text("publiccode.yaml"))["dependsOn"]["open"]
    assert [one["versionMin"] for one in depends if one["name"] == "Python"] == [VERSION]


def test_tools_read_the_code_as_the_oldest_python_does() -> None:
    tools = _pyproject("pyproject.toml")["tool"]
    assert tools["mypy"]["python_version"] == VERSION
    assert tools["ruff"]["target-version"] == f"py{VERSION.replace('.', '')}"


def test_python_client_requires_the_oldest_python() -> None:
    assert _pyproject("clients/python/pyproject.toml")["project"]["requires-python"] == f">={VERSION}"
