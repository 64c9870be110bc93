"""The codes of all rules, with the meaning of each bpmnlint rule and how to fix it."""

ADMINISTRATION = frozenset({
    "no-withdrawal", "refusal-without-ground", "refusal-without-person", "in-person-without-basis",
    "decision-without-ground", "manual-without-basis", "no-deadline", "data-held", "no-appeal",
    "decision-outside-agency", "long-term", "visit-in-name", "no-statutory-term", "due-beyond-term",
    "party-not-stated",
})  # fmt: skip

# bpmnlint's recommended rules, without those that the check covers (docs/lint.md).
DRAWING = (
    "label-required",
    "no-bpmndi",
    "no-duplicate-sequence-flows",
    "no-gateway-join-fork",
    "no-overlapping-elements",
    "superfluous-gateway",
    "superfluous-label",
    "superfluous-termination",
)
CODES = ADMINISTRATION | {*DRAWING}
