"""The attribute or child element of a finding, where neither its place nor its values contain it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from engine.platform.findings import Finding

# The attribute or child element of a code's findings, unless defined otherwise.
_ATTRIBUTES: Mapping[str, str] = {
    **dict.fromkeys(
        ("no-called-process", "called-process-computed", "unknown-process", "called-without-start"),
        "calledElement",
    ),
    **dict.fromkeys(
        ("condition-ignored", "condition-on-default", "missing-condition"), "conditionExpression"
    ),
    **dict.fromkeys(("no-default", "invalid-default"), "default"),
    **dict.fromkeys(
        ("form-missing", "form-elsewhere", "no-form", "form-inside", "two-forms"), "camunda:formKey"
    ),
    **dict.fromkeys(
        ("decision-unnamed", "unknown-decision", "decision-twice", "undrawn-name"), "parvandeh:decisionRef"
    ),
    **dict.fromkeys(("no-script", "several-scripts"), "script"),
    "script-language": "scriptFormat",
    "decision-result": "parvandeh:resultVariable",
    "decision-input": "parvandeh:inputs",
    "invalid-null-faults": "parvandeh:nullFaults",
    "service-target": "parvandeh:connector",
    "abstract-service": "parvandeh:topic",
    "no-role": "parvandeh:role",
    "sod-alone": "parvandeh:sod",
    "decision-without-field": "parvandeh:decision",
    "decision-without-outcomes": "parvandeh:decision",
    "decision-outside-agency": "parvandeh:decision",
    "invalid-outcome": "parvandeh:outcome",
    "outcome-inside": "parvandeh:outcome",
    "unknown-appeal": "parvandeh:appeal",
    "no-appeal": "parvandeh:appeal",
    "invalid-business-key": "parvandeh:businessKey",
    "no-deadline": "parvandeh:due",
    "due-beyond-term": "parvandeh:due",
    "no-statutory-term": "parvandeh:statutory",
    "party-not-stated": "parvandeh:party",
    "silence-and-safety": "parvandeh:onSilence",
    "accept-without-start": "parvandeh:acceptWithin",
    **dict.fromkeys(("clock-starts-twice", "invalid-clock"), "parvandeh:clock"),
    "invalid-presence": "parvandeh:presence",
    **dict.fromkeys(("invalid-channel", "channel-without-presence"), "parvandeh:channel"),
    "visit-in-name": "parvandeh:presence",
    "in-person-without-basis": "parvandeh:legalBasis",
    "unknown-rule": "parvandeh:accept",
    "outputs-collide": "parvandeh:outputs",
}


def with_attributes(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Returns the findings, each with the attribute of its code unless it has one."""
    return tuple(
        replace(finding, attribute=_ATTRIBUTES.get(finding.code))
        if finding.attribute is None and finding.element is not None
        else finding
        for finding in findings
    )
