"""Process definitions: their versions, deployments, forms, scenarios and start triggers."""

from engine.definitions.deployment import Deployed, deploy, hold, make_current, owner_of, publish
from engine.definitions.versions import (
    VERSION,
    Version,
    bpmn_file,
    current,
    currents,
    definition,
    differences,
    own,
    report,
    require_own,
    source,
    spec,
    unknown,
    version,
    versions,
)

__all__ = [
    "VERSION",
    "Deployed",
    "Version",
    "bpmn_file",
    "current",
    "currents",
    "definition",
    "deploy",
    "differences",
    "hold",
    "make_current",
    "own",
    "owner_of",
    "publish",
    "report",
    "require_own",
    "source",
    "spec",
    "unknown",
    "version",
    "versions",
]
