"""What the engine reports to people, in each language: codes with values, whose sentences are written once.

`findings.toml` has the findings of a check, `differences.toml` the differences between two versions,
`faults.toml` what is wrong with a field, `refusals.toml` why a command is refused, `incidents.toml` why an
element failed, `obstacles.toml` what prevents a migration, `events.toml` what happened in a case,
`scopes.toml` who owns a variable, `services.toml` the words of the catalogue and `typesetting.toml` what is
added to PDF files; `parsers.toml` and `scenarios.toml` have parts of findings. API, command line and pages
read only these files; texts that only pages show are in `web/texts`.
"""

from functools import cache
from pathlib import Path

from engine.platform.language import Catalogue, Reader, Texts

__all__ = ["catalogue", "messages"]


@cache
def catalogue() -> Catalogue:
    """Return all messages. They are read on first use, since most processes need none."""
    return Catalogue.read(*sorted(Path(__file__).parent.glob("*.toml")))


def messages(reader: Reader) -> Texts:
    """Return the messages as plain text, for this reader."""
    return Texts(catalogue(), reader)
