"""How a verification covers each table: the list that docs/audit.md shows and that a rule test completes.

A new table, or a new column of a compared one, fails the test until it is compared or has a reason here.
"""

from collections.abc import Mapping
from types import MappingProxyType

# The hash chains and what they are verified against: each change of any column is a finding.
CHAINED = frozenset(
    {
        *("events", "access_log", "access_heads", "organisation_log", "chain_heads"),
        *("checkpoints", "checkpoint_leaves", "installation"),
    }
)
# Compared with the events of the case; the columns that are not, and why.
_DERIVED = "computed from data, diagram or calendars"
_QUEUE = "only says what a worker does next"
_STATE = "the engine's own state of the case"
_TEXT = "a text of the diagram or of a failure"
BY_EVENTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "cases": {
            "id log_length log_hash": "verified by the chain and the checkpoint",
            "state revision": _STATE,
            "running_key single_key subject parties": _DERIVED,
        },
        "tasks": {
            "id case_id": "the rows are found by them",
            "name lane people candidate_group_id home_candidate_group_id search serve_by": _DERIVED,
            "term calendar term_end_at": _DERIVED,
            "revision": _STATE,
            "asked draft draft_seen asks": "only prepared, or shown with a request",
        },
        "waits": {
            "id case_id": "the rows are found by them",
            "version_id token_id": _STATE,
            "term calendar term_end_at": _DERIVED,
            "woken_at": _QUEUE,
        },
        "decisions": {"id case_id": "the rows are found by them"},
        "clocks": {
            "case_id": "the rows are found by it",
            "filed_at warn_at norm norm_at floor_at on_silence reassigns accept_within calendar": _DERIVED,
            "reasons pauses outage_days": _DERIVED,
            "next_at woken_at awaiting_at released_at": _QUEUE,
        },
        "bills": {"id case_id": "the rows are found by them"},
        "comments": {"id case_id": "the rows are found by them"},
        "documents": {"id case_id": "the rows are found by them"},
        "document_versions": {
            "document_id": "the rows are found by it",
            "status": "has one value",
        },
        "incidents": {
            "id case_id": "the rows are found by them",
            "token_id attempts call_id": _STATE,
            "name line": _TEXT,
        },
        "calls": {
            "id case_id": "the rows are found by them",
            "token_id request": _STATE,
            "status attempts due_at woken_at worker lease_until fence failure closed_at": _QUEUE,
        },
        "case_proposals": {"id case_id": "the rows are found by them"},
        "recusals": {
            "case_id user_id": "the rows are found by them",
            "reason": "personal, and decides nothing",
        },
    }
)
# Compared with the entry of their signature or publication.
BY_DIGEST = frozenset({"progress_reports", "publications", "published_figures"})
# Not verified, and why.
_FIGURES = "figures: compared with the events by `figures check`"
_ORDER = "an order to a worker, of which each effect is an event"
_PREPARED = "only prepared: nothing of it counts before it is submitted, published or sent"
_RUNS = "what runs at this moment, such as logins, limits, queues and their positions"
UNVERIFIED: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                *("case_figures", "step_figures", "delay_causes", "period_figures", "step_period_figures"),
                *("step_workers", "cause_period_figures", "duration_bins"),
            ),
            _FIGURES,
        ),
        **dict.fromkeys(
            (
                *("case_values", "service_durations", "catalogue_entries", "deployment_decisions"),
                *("candidate_groups", "candidate_group_roles", "flag_cases", "flag_searches"),
            ),
            "computed from other tables, in which a change is found",
        ),
        **dict.fromkeys(
            (
                *("batches", "retries", "retried_incidents", "case_migrations", "migrated_cases"),
                *("recalculations", "audit_runs", "checkpoint_sendings", "erased_files"),
            ),
            _ORDER,
        ),
        **dict.fromkeys(
            (
                *("applications", "staged_documents", "staged_parts", "uploads", "upload_files", "test_runs"),
                *("process_drafts", "process_draft_files", "process_draft_checks", "evidence_values"),
                *("messages", "work_stretches"),
            ),
            _PREPARED,
        ),
        **dict.fromkeys(
            (
                *("sessions", "pending_logins", "throttles", "heartbeats", "cursors", "deliveries"),
                *("idempotency_keys", "deferred_requests"),
            ),
            _RUNS,
        ),
        **dict.fromkeys(
            ("submitted_applications", "awaited_outputs", "evidence"),
            "an index of what events of the case say (`case.started`, `data.prefilled`)",
        ),
        "publication_keys": "another key would change all published figures, which are compared",
        "application_counts": "numbers of applications that were begun, without persons",
    }
)
