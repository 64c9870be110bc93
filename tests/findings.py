"""Compares each finding that any test creates with the texts for it."""

from functools import cache

from engine.bpmn import Finding
from engine.platform.messages.findings import variant
from tests.catalogues import texts


@cache
def _keys() -> frozenset[str]:
    return frozenset(texts("findings"))


_TAKE = Finding.__post_init__


def require_text(finding: Finding) -> None:
    """Fail for a sentence with values that no text uses."""
    _TAKE(finding)
    names = variant(finding.values)
    key = f"findings.{finding.code}.{names}.reason"
    assert not names or key in _keys(), f"{key}: {finding.reason}"
