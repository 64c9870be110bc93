"""The codes of differences. Their sentences are in `engine/platform/messages/differences.toml`."""

# Facts of one step: the prefix of the code. `-changed` is its suffix.
FACTS = (
    "scope",
    "host",
    "role",
    "unit",
    "assignee",
    "users",
    "deadline",
    "follow-up",
    "priority",
    "sod",
    "assignment",
    "acr",
    "decision",
    "presence",
    "legal-basis",
    "timer",
    "message",
    "signal",
    "error",
    "escalation",
    "condition",
    "compensate",
    "handler",
    "link",
    "service",
    "request",
    "result",
    "correlation",
    "data",
    "called",
    "bill",
    "asked",
    "outcome",
    "outcomes",
    "starter",
    "code-variable",
    "detail-variable",
)
# The same for a process.
RULES = (
    "appeal",
    "appeal-within",
    "party",
    "searchable",
    "subject",
    "outcomes",
    "null-faults",
    "on-conflict",
)
# Values that are too long for a sentence.
LONG_FACTS = (
    "script",
    "decided-by",
    "inputs",
    "outputs",
    "repetition",
    "documentation",
    "other",
)

# All codes, in the order in which differences are listed.
CODES = tuple(
    dict.fromkeys(
        (
            "process-added",
            "process-removed",
            "process-renamed",
            "business-key-changed",
            *(f"{rule}-changed" for rule in RULES),
            "role-added",
            "role-removed",
            "role-renamed",
            "message-renamed",
            "step-removed",
            "step-added",
            "step-renamed",
            "kind-changed",
            "interrupting",
            "not-interrupting",
            "form-added",
            "form-removed",
            "field-added",
            "field-removed",
            "field-required",
            "field-optional",
            "field-changed",
            "form-changed",
            "way-removed",
            "way-added",
            "way-changed",
            "order-changed",
            *(f"{fact}-changed" for fact in (*FACTS, *LONG_FACTS)),
        )
    )
)
