"""What erasing a case does to each table, each column and each file below `var/`.

With `kept_tables` and `folders`, this is the only list: the command follows it, and a test compares it with
the models, the database and `var/`. What is new fails the test until it is listed. docs/erasure.md explains
it.

Conditions and values are SQL. They may use the parameters `:case` (its id), `:number` (its number), `:marks`
(texts by which a stored answer names the case) and `:words` (outcomes and grounds that its process declares).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.cases.erasure import stored_answers


@dataclass(frozen=True, slots=True)
class Deleted:
    """A table whose rows of a case are deleted. `columns` are the columns that were reviewed."""

    rows: str
    columns: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A table whose rows of a case remain, for statistics and the chain, with some columns changed."""

    rows: str
    columns: str  # the unchanged columns: ids, times, numbers, words of the process
    values: Mapping[str, str] = field(default_factory=dict)


_OF_CASE = "case_id = :case"
_PAYLOAD = Changed(
    "case_id = :case AND (payload IS NOT NULL OR salt IS NOT NULL)", "", {"payload": "NULL", "salt": "NULL"}
)
_STAGED = """
    place IN (SELECT 'task:' || id::text FROM tasks WHERE case_id = :case)
    OR place = 'appeal:' || CAST(:case AS uuid)::text
"""
_STAGED_PARTS = """
    document_id IN (
        SELECT id FROM staged_documents
        WHERE place IN (SELECT 'task:' || id::text FROM tasks WHERE case_id = :case)
            OR place = 'appeal:' || CAST(:case AS uuid)::text
    )
"""
_TASKS = "(SELECT id FROM tasks WHERE case_id = :case)"
_RETRIES = """
    id IN (
        SELECT retry_id FROM retried_incidents
        WHERE incident_id IN (SELECT id FROM incidents WHERE case_id = :case)
    )
"""

# Messages that the case received and sent, as its log shows; sent messages that are still undelivered; and
# stored messages for it: addressed to its number, or with the keys of something that it waited for.
_MESSAGES = """
    thrown_by = :case
    OR wait_id IN (SELECT id FROM waits WHERE case_id = :case)
    OR id::text IN (
        SELECT payload ->> 'message' FROM events
        WHERE case_id = :case
            AND kind IN ('message.received', 'message.sent', 'signal.received', 'signal.sent')
    )
    OR (kind = 'message' AND correlation <> '{}' AND (
        correlation::jsonb ->> 'case_number' = :number
        OR EXISTS (
            SELECT FROM waits
            WHERE waits.case_id = :case AND waits.kind = 'message' AND waits.name = messages.name
                AND waits.correlation = messages.correlation
        )
    ))
"""
# The rows of this case's tasks in the results of a batch: a refusal may repeat what was entered.
_RESULTS = """
    (SELECT coalesce(jsonb_agg(
        CASE WHEN value <> 'null' AND tasks[number] IN (SELECT id FROM tasks AS own WHERE own.case_id = :case)
            THEN '{"kind": "NotFound", "detail": "The case was erased."}' ELSE value END
        ORDER BY number), '[]')
    FROM jsonb_array_elements(results) WITH ORDINALITY AS result (value, number))
"""
# Requests attached to a task retain their structure, for the pages, but no text written by people.
_ASKED = """
    CASE WHEN asked IS NULL THEN NULL ELSE
        jsonb_build_object('by', jsonb_build_object('id', asked -> 'by' -> 'id', 'name', ''))
        || CASE WHEN kind = 'opinion' THEN jsonb_build_object('question', '', 'unit', asked -> 'unit',
                'unit_name', asked -> 'unit_name', 'role', asked -> 'role', 'show', asked -> 'show')
            ELSE jsonb_build_object('form', asked -> 'form', 'fields', '[]'::jsonb, 'text', NULL) END
    END
"""
_OUTCOME = "CASE WHEN outcome = ANY(CAST(:words AS text[])) THEN outcome ELSE {otherwise} END"
_GROUNDS = """
    (SELECT coalesce(jsonb_agg(jsonb_build_object('code', ground ->> 'code', 'text', '')), '[]')
    FROM jsonb_array_elements(grounds) AS ground WHERE ground ->> 'code' = ANY(CAST(:words AS text[])))
"""

# The order matters: tables whose rows are found by values of others come first.
ERASED: Mapping[str, Changed | Deleted] = {
    "deferred_requests": Deleted(
        stored_answers.DEFERRED, "id user_id on_behalf_of permission status envelope body requested_at"
    ),
    "idempotency_keys": Deleted(
        stored_answers.ANSWERS, "user_id key request_digest status headers body created_at"
    ),
    "messages": Deleted(
        _MESSAGES,
        "id name correlation data kind thrown_by thrown_element status sent_by sent_at expires_at closed_at"
        " wait_id",
    ),
    "batches": Changed(
        f"tasks && ARRAY{_TASKS}",
        "id owner_id acr action tasks made_at finished_at",
        {"answer": "NULL", "results": _RESULTS},  # of a running batch nothing is erased: see `erasing`
    ),
    "retries": Changed(
        _RETRIES,
        "id key code ordered_by ordered_at",
        {"reason": "NULL"},
    ),
    "migrated_cases": Changed(_OF_CASE, "migration_id case_id status at", {"obstacles": "'[]'"}),
    "case_proposals": Changed(
        _OF_CASE,
        "id case_id kind proposed_by proposed_at expires_at status decided_by decided_at",
        {"change": "'{}'", "reason": "''"},
    ),
    "recusals": Changed(_OF_CASE, "case_id user_id at", {"reason": "NULL"}),
    "case_values": Deleted(_OF_CASE, "case_id name definition unit_id text number"),
    "comments": Deleted(_OF_CASE, "id case_id task_id author_id text visible at"),
    "document_versions": Deleted(
        "document_id IN (SELECT id FROM documents WHERE case_id = :case)",
        "document_id number task_id title name media_type size sha256 status uploaded_by uploaded_at",
    ),
    "documents": Deleted(_OF_CASE, "id case_id added_by newest field shared"),
    "staged_parts": Deleted(_STAGED_PARTS, "document_id start content"),
    "staged_documents": Deleted(
        _STAGED,
        "id owner_id place field name size received media_type sha256 created_at expires_at on_behalf_of",
    ),
    "decisions": Changed(
        _OF_CASE,
        "id case_id task_id decided_by unit decided_at appeal_id silent_units",
        {"outcome": _OUTCOME.format(otherwise="''"), "grounds": _GROUNDS},
    ),
    "incidents": Changed(
        _OF_CASE,
        "id case_id token_id element name code line status opened_at resolved_at attempts call_id",
        {"message": "''"},
    ),
    "bills": Changed(
        _OF_CASE,
        # Amounts owed and paid remain: the accounts outlast the case.
        "id case_id element reference amount currency due_on status issued_at paid_at closed_at message"
        " paid_amount paid_currency late_at late_amount late_currency",
        {"purpose": "NULL", "link": "NULL"},
    ),
    "calls": Changed(
        _OF_CASE,
        "id case_id token_id element connector topic operation status attempts due_at lease_until fence"
        " opened_at closed_at woken_at",
        {"request": "'{}'", "worker": "NULL", "failure": "NULL"},
    ),
    "waits": Changed(
        _OF_CASE,
        "id case_id version_id token_id element kind name due_at woken_at opened_at closed_at"
        " term calendar term_end_at",
        {"correlation": "NULL"},
    ),
    "submitted_applications": Deleted(_OF_CASE, "draft_id case_id user_id on_behalf_of submitted_at"),
    "awaited_outputs": Deleted(_OF_CASE, "case_id field type name producer_id"),
    "work_stretches": Deleted(  # the log has got them before
        _OF_CASE, "task_id user_id case_id unit from_at to_at sources earlier"
    ),
    "tasks": Changed(
        _OF_CASE,
        "id case_id element name lane status assignee_id revision opened_at closed_at due_at serve_by"
        " follow_up_at priority kind candidate_group_id home_candidate_group_id assignment parent_id asks"
        " term calendar term_end_at",
        {"people": "NULL", "asked": _ASKED, "draft": "NULL", "draft_seen": "NULL", "search": "''"},
    ),
    "access_log": Changed(
        _PAYLOAD.rows,
        "reader_id seq id at case_id what object_id actor_role actor_unit hash payload_hash",
        _PAYLOAD.values,
    ),
    "evidence_values": Deleted(  # none is left after the draft was submitted
        "evidence_id IN (SELECT id FROM evidence WHERE case_id = :case)",
        "evidence_id draft_id values asked expires_at",
    ),
    "evidence": Deleted(
        _OF_CASE,
        "id draft_id case_id person user_id service type connector operation consent_id state failure"
        " requested_at answered_at closed_at valid_until",
    ),
    "consents": Deleted(
        _OF_CASE,
        "id person service type connector operation person_field text_version text_hash text language"
        " given_at user_id revoked_at refused_at draft_id case_id salt",
    ),
    "events": Changed(
        _PAYLOAD.rows,
        "case_id seq at kind element task_id actor_id actor_role actor_unit purpose version_id transaction_id"
        " hash payload_hash facts",
        _PAYLOAD.values,
    ),
    "cases": Changed(
        "id = :case",
        "id number version_id status revision log_length log_hash started_by started_at ended_at unit_id"
        " appeal_of channel erased_at representation_ended_at",
        {
            "outcome": _OUTCOME.format(otherwise="NULL"),
            "data": "'{}'",
            **dict.fromkeys(
                (
                    *("applicant", "representative", "business_key", "running_key", "state", "secret"),
                    *("subject", "parties", "single_key"),
                ),
                "NULL",
            ),
        },
    ),
}
