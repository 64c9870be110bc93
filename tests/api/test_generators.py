"""Linters and a generator of clients understand the whole document: no error, no warning, nothing dropped."""

import os
import subprocess
from pathlib import Path
from typing import Any

import orjson
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_spec_validator import OpenAPIV31SpecValidator

from engine.platform.config import ROOT
from tests.api.test_openapi import operations
from web import node

FOLDER = ROOT / "tests" / "linters"
REDOCLY = ("@redocly/cli/bin/cli.js", "--config", "redocly.yaml", "--format", "json")
SPECTRAL = ("@stoplight/spectral-cli/dist/index.js", "--ruleset", "spectral.yaml", "-f", "json", "--quiet")


def test_linters_have_nothing_to_say(document: dict[str, Any], tmp_path: Path) -> None:
    """With all rules that they recommend. A rule that is switched off needs a reason in its file."""
    file = tmp_path / "openapi.json"
    file.write_bytes(orjson.dumps(document))
    with _lint(file, *REDOCLY) as redocly, _lint(file, *SPECTRAL) as spectral:
        said, also_said = redocly.communicate()[0], spectral.communicate()[0]
    found = [(one["ruleId"], one["message"], one["location"]) for one in orjson.loads(said)["problems"]]
    assert not found, found
    found = [(one["code"], one["message"], one["path"]) for one in orjson.loads(also_said)]
    assert not found, found


def _lint(file: Path, program: str, *options: str) -> subprocess.Popen[str]:
    path = FOLDER / "node_modules" / program
    assert path.exists(), "run `make test`, which installs the linters"
    return subprocess.Popen(
        [node.path(), path, "lint", file, *options],
        cwd=FOLDER,
        env=os.environ | {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def test_document_is_valid(document: dict[str, Any]) -> None:
    checked: Any = document
    assert not [error.message for error in OpenAPIV31SpecValidator(checked).iter_errors()]


def test_a_generated_client_has_all_operations_and_responses(
    document: dict[str, Any], tmp_path: Path
) -> None:
    """What this generator doesn't understand, it leaves out with a warning."""
    config = Config.from_sources(
        ConfigFile(post_hooks=[]), MetaType.NONE, tmp_path / "openapi.json", "utf-8", False, tmp_path
    )
    data = GeneratorData.from_dict(document, config=config)
    assert isinstance(data, GeneratorData), data
    assert not [(error.header, error.detail) for error in data.errors]
    collections = data.endpoint_collections_by_tag.values()
    left_out = [(error.header, error.detail) for each in collections for error in each.parse_errors]
    assert not left_out
    found = {endpoint.name: len(endpoint.responses) for each in collections for endpoint in each.endpoints}
    expected = {
        operation["operationId"]: len(operation["responses"]) for _, _, operation in operations(document)
    }
    assert found == expected
