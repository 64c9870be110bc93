"""Service packages: a version with all its files as one archive, to be deployed in another installation."""

from engine.design.packages.exporting import export
from engine.design.packages.format import MAX_PACKAGE, Manifest, Package, read, write
from engine.design.packages.importing import Checked, Missing, check, deploy, home, owner_here, owner_of

__all__ = [
    "MAX_PACKAGE",
    "Checked",
    "Manifest",
    "Missing",
    "Package",
    "check",
    "deploy",
    "export",
    "home",
    "owner_here",
    "owner_of",
    "read",
    "write",
]
