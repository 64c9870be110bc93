"""The codes of all rules, with the meaning of each bpmnlint rule and how to fix it."""

from collections.abc import Mapping

ADMINISTRATION = frozenset({
    "no-withdrawal", "refusal-without-ground", "refusal-without-person", "in-person-without-basis",
    "decision-without-ground", "manual-without-basis", "no-deadline", "data-held", "no-appeal",
    "decision-outside-agency", "long-term", "visit-in-name",
})  # fmt: skip

# bpmnlint's recommended rules, without those that the check covers (docs/lint.md).
DRAWING: Mapping[str, tuple[str, str]] = {
    "label-required": (
        "It has no name, so that readers cannot know what it stands for.",
        "Name it; the flows out of a gateway, too.",
    ),
    "no-bpmndi": (
        "It stands in the file and is not drawn.",
        "Draw it, or remove it from the file.",
    ),
    "no-duplicate-sequence-flows": (
        "Another flow leads the same way under the same condition.",
        "Remove one of them.",
    ),
    "no-gateway-join-fork": (
        "The gateway joins branches and parts them again, which is hard to read.",
        "Draw two gateways, one that joins and one that parts.",
    ),
    "no-overlapping-elements": (
        "It is drawn over another element.",
        "Move them apart.",
    ),
    "superfluous-gateway": (
        "One flow leads in and one leads out: the gateway does nothing.",
        "Remove it.",
    ),
    "superfluous-label": (
        "A name stands where none is read.",
        "Remove the name, or write an annotation.",
    ),
    "superfluous-termination": (
        "Nothing else can be under way here that the terminate event could end.",
        "Draw a plain end event.",
    ),
}
CODES = ADMINISTRATION | DRAWING.keys()
