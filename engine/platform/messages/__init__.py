"""What the engine reports to people, in each language: a code with values, whose sentences are written once.

`findings.toml` holds what a check finds, `differences.toml` what changed between two versions, `faults.toml`
what is wrong with a field, `refusals.toml` why a command is refused, `incidents.toml` why an element failed,
`obstacles.toml` what prevents a migration and `events.toml` what happened in a case. API, command line and
pages read these files alone; texts that only pages show are in `web/texts`.
"""

from functools import cache
from pathlib import Path

from engine.platform.language import Catalogue, Reader, Texts

__all__ = ["catalogue", "messages"]


@cache
def catalogue() -> Catalogue:
    """All messages. They are read when the first is needed, since most processes need none."""
    return Catalogue.read(*sorted(Path(__file__).parent.glob("*.toml")))


def messages(reader: Reader) -> Texts:
    """The messages as plain text, for this reader."""
    return Texts(catalogue(), reader)
