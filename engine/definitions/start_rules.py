"""What the TOML files of a version say about starting its cases.

Remembered for each version, which never changes, when its files are read anyway: it costs no statement to
start a case of a process without the files.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.definitions.toml_files import EVIDENCE, SERVICE, EvidenceFile, Produced, evidence_of, service_of
from engine.definitions.toml_files.service_file import Duplicates

MOST = 4_000

# Who starts cases with a draft, so that the sources of their answers are checked.
Drafting = Literal["nobody", "applicants", "applicants and portals"]


@dataclass(frozen=True, slots=True)
class StartRules:
    """What happens to a second open application of a person, and which fields need not be typed.

    Each is None without its file. `produced` is evidence that other services may produce, and `outputs` are
    the ids of what this one produces.
    """

    duplicates: Duplicates | None
    evidence: EvidenceFile | None
    produced: tuple[Produced, ...] = ()
    outputs: frozenset[str] = frozenset()

    @property
    def drafting(self) -> Drafting:
        """Returns who starts cases only from drafts."""
        if self.evidence is None:
            return "nobody"
        return "applicants" if self.evidence.direct else "applicants and portals"


_rules: dict[tuple[str, str], StartRules] = {}


def find(digest: str, key: str) -> StartRules | None:
    """Returns the rules of a version, if they are remembered."""
    return _rules.get((digest, key))


def remember(digest: str, key: str, files: Mapping[str, bytes]) -> StartRules:
    """Remembers and returns the rules of a version with these files."""
    if len(_rules) >= MOST:
        _rules.clear()
    service = service_of(files, key) if SERVICE in files else None
    evidence = evidence_of(files, key) if EVIDENCE in files else None
    if service is None:
        _rules[digest, key] = StartRules(None, evidence)
    else:
        outputs = frozenset(one.id for one in service.output)
        _rules[digest, key] = StartRules(service.duplicates, evidence, service.produced, outputs)
    return _rules[digest, key]
