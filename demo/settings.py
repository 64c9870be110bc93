"""The settings of a demonstration: its installation's, and two more. docs/operations.md describes them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.platform.config import Settings, number, yes

CONNECTORS = "demo-connectors.toml"  # below `var`


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """`installation` is what the product reads. `hub_port` is None if no mock hub is wanted.

    `demo_cases`: a fresh demonstration gets cases that wait for its people.
    """

    installation: Settings
    hub_port: int | None
    demo_cases: bool

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> "DemoSettings":
        """Read the settings. Raises ValueError with the variable whose value can't be used."""
        settings = Settings.read(environ)
        next_to = settings.port + 1 if settings.port < 65535 else settings.port - 1
        hub_port = None
        if settings.embedded or environ.get("HUB_PORT"):
            hub_port = number(environ, "HUB_PORT", default=next_to)
            settings = replace(settings, demo_connectors=settings.var / CONNECTORS)
        return cls(
            installation=settings,
            hub_port=hub_port,
            demo_cases=settings.demo and yes(environ, "DEMO_CASES", "yes"),
        )
