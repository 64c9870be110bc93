"""Compares each finding that any test creates with the texts for it."""

from collections.abc import Mapping
from functools import cache

from engine.bpmn import Finding
from engine.platform.messages.findings import variant as variant_of
from tests.catalogues import Text, forms, placeholders, texts


@cache
def _texts() -> Mapping[str, Mapping[str, Text]]:
    return texts("findings")


_TAKE = Finding.__post_init__


def require_text(finding: Finding) -> None:
    """Fail for a finding whose variant has no text, or whose text names a value that it doesn't have."""
    stored = bool(finding.reason)
    _TAKE(finding)
    if stored:
        return
    variant = finding.variant or variant_of(finding.values)
    key = f"findings.{finding.code}.{variant}" if variant else f"findings.{finding.code}"
    assert f"{key}.reason" in _texts(), f"{key}: {finding.reason}"
    named = set().union(*(_named(f"{key}.{part}") for part in ("reason", "fix")))
    assert named <= set(finding.values), f"{key}: {named - set(finding.values)}"


@cache
def _named(key: str) -> frozenset[str]:
    told = _texts().get(key, {}).values()
    return frozenset().union(*(placeholders(form) for text in told for form in forms(text)))
