"""The tables of definitions, cases and the log."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, Index, LargeBinary, Sequence, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.platform.db import Base
from engine.platform.ids import uuid7

CaseStatus = Literal["active", "suspended", "completed", "cancelled"]
TaskStatus = Literal["open", "completed", "cancelled"]
TaskKind = Literal["step", "opinion", "correction", "escalation"]
IncidentStatus = Literal["open", "resolved"]
ServiceClass = Literal["urgent", "ordinary", "low"]
VersionStatus = Literal["draft", "published", "retired"]
Channel = Literal["online", "assisted", "phone", "post"]

Id = Annotated[UUID, mapped_column(primary_key=True, default=uuid7)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
# Of rows with personal values: without it, their digests in the administration log can't be guessed.
Salt = Annotated[UUID, mapped_column(server_default=text("gen_random_uuid()"))]

# The order of the inbox: by due time, or by the bound of the service's class if that is earlier. Tasks that
# have neither come last.
SERVED = text("coalesce(least(serve_by, due_at), 'infinity'::timestamptz)")

# The search index: words and candidate group of a task, so that only a person's own groups are searched.
FOUND_BY = text(
    "to_tsvector('simple'::regconfig, "
    "(search || ' p'::text) || replace(candidate_group_id::text, '-'::text, ''::text))"
)

# One counter for all years: it never blocks, and a number remains unique even if its year is misheard.
CASE_NUMBERS = Sequence("case_numbers", metadata=Base.metadata)

# Which cases may be the only ones with their key.
KEYED = text("running_key IS NOT NULL")
SINGLE = text("single_key IS NOT NULL AND status IN ('active', 'suspended')")


class Deployment(Base):
    """A set of files published together; `calls` binds the called processes of other deployments."""

    __tablename__ = "deployments"

    id: Mapped[Id]
    digest: Mapped[str] = mapped_column(Text, index=True)
    calls: Mapped[dict[str, str]] = mapped_column(JSONB)  # process key -> deployment id
    report: Mapped[dict[str, Any]] = mapped_column(JSONB)
    deployed_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    deployed_at: Mapped[Instant]


class DeploymentFile(Base):
    """One file of a deployment, as uploaded."""

    __tablename__ = "deployment_files"

    deployment_id: Mapped[UUID] = mapped_column(ForeignKey("deployments.id"), primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Definition(Base):
    """A process under its key; new cases use its current version, the newest published one."""

    __tablename__ = "definitions"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    current_version_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("definition_versions.id", use_alter=True)
    )
    suspended_at: Mapped[Instant | None]  # since then no case of it begins or continues
    disabled_at: Mapped[Instant | None]  # since then portals and applicants can't start cases of it
    disabled_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    offered_at: Mapped[Instant | None]  # since then it is in the public catalogue
    offered_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"), index=True)  # the owner of the process
    service_class: Mapped[ServiceClass | None] = mapped_column(Text)  # which of its tasks come first
    serve_within: Mapped[str | None] = mapped_column(Text)  # the bound of its class: P5WD, PT8WH


class DefinitionVersion(Base):
    """A version of a definition, of which only the status changes. Running cases keep theirs.

    Its author deployed it. A draft that was never published is retired without `published_at`.
    """

    __tablename__ = "definition_versions"
    __table_args__ = (
        Index(None, "key", "number", unique=True),
        # A newer draft replaces the previous one.
        Index("uq_definition_versions_draft", "key", unique=True, postgresql_where=text("status = 'draft'")),
    )

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(ForeignKey("definitions.key"))
    number: Mapped[int]
    name: Mapped[str] = mapped_column(Text)
    file: Mapped[str] = mapped_column(Text)  # the deployment's file with the process
    deployment_id: Mapped[UUID] = mapped_column(ForeignKey("deployments.id"))
    digest: Mapped[str] = mapped_column(Text)  # the deployment's, copied because each command needs it
    status: Mapped[VersionStatus] = mapped_column(Text)
    published_at: Mapped[Instant | None]
    published_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    retired_at: Mapped[Instant | None]
    retired_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))


class Case(Base):
    """One legal matter.

    `state` is the engine's, NULL once the case has ended; the row contains the log's head.
    """

    __tablename__ = "cases"
    __table_args__ = (
        # Most are completed: those are found soon without it.
        Index(None, "status", "id", postgresql_where=text("status <> 'completed'")),
        Index(None, "version_id", "id"),
        Index(None, "started_by", "id"),
        Index(None, "unit_id", "id"),
        Index("ix_cases_applicant", "applicant", "id", postgresql_where=text("applicant IS NOT NULL")),
        # Without the id, equal values share an entry, and instants take half of the room.
        *(
            Index(f"ix_cases_{name}", name, postgresql_where=text(f"{name} IS NOT NULL"))
            for name in ("business_key", "ended_at", "outcome")
        ),
        Index("ix_cases_appeal_of", "appeal_of", postgresql_where=text("appeal_of IS NOT NULL")),
        Index("ix_cases_started_at", "started_at"),
        Index("uq_cases_running_key", "running_key", unique=True, postgresql_where=KEYED),
        Index("ix_cases_single_key", "single_key", unique=True, postgresql_where=SINGLE),
        # Each command updates the row: free space on the page avoids index updates (HOT).
        {"postgresql_with": {"fillfactor": "70"}},
    )

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(Text, unique=True)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("definition_versions.id"))
    status: Mapped[CaseStatus] = mapped_column(Text)
    outcome: Mapped[str | None] = mapped_column(Text)
    applicant: Mapped[str | None] = mapped_column(Text)
    business_key: Mapped[str | None] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[bytes | None] = mapped_column(LargeBinary)
    revision: Mapped[int]
    log_length: Mapped[int]
    log_hash: Mapped[bytes] = mapped_column(LargeBinary)
    started_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    started_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    # Set while the case runs, if its definition allows only one running case per business key.
    running_key: Mapped[str | None] = mapped_column(Text)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("units.id"))  # the unit that handles it
    representative: Mapped[str | None] = mapped_column(Text)
    appeal_of: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"))
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)  # SHA-256 of what opens its status
    # How it was submitted; NULL: it started automatically.
    channel: Mapped[Channel | None] = mapped_column(Text)
    erased_at: Mapped[Instant | None]  # since then it has no personal data (engine/cases/erasure)
    subject: Mapped[str | None] = mapped_column(Text)  # NULL: the name of its process
    # The persons that its process names as parties, normalised; NULL: not known yet.
    parties: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    # A hash of definition and applicant that one open case may have, where its service wants only one.
    single_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    # Since when the representative no longer acts for the applicant. The name stays: nobody decides on a case
    # in which they have acted.
    representation_ended_at: Mapped[Instant | None]


class Task(Base):
    """Work for a person. The id is that of the engine's token, except for requests attached to a task.

    Its candidate group (`home_…`: before it was delegated) may claim it; without one it is the applicant's.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        Index(None, "case_id"),
        # The inbox reads open tasks only, and most tasks are closed.
        Index(
            "ix_tasks_candidate_group",
            "candidate_group_id",
            text("(assignee_id IS NOT NULL)"),
            SERVED,
            "id",
            postgresql_where=text("status = 'open'"),
        ),
        Index(
            "ix_tasks_assignee",
            "assignee_id",
            SERVED,
            "id",
            postgresql_where=text("status = 'open' AND assignee_id IS NOT NULL"),
        ),
        Index(
            "ix_tasks_priority",
            "candidate_group_id",
            "priority",
            "id",
            postgresql_where=text("status = 'open' AND priority IS NOT NULL"),
        ),
        Index(
            "ix_tasks_search",
            FOUND_BY,
            postgresql_using="gin",
            postgresql_where=text("status = 'open'"),
        ),
        # The latest of those that are closed, of a candidate group; and all of a person.
        Index(
            "ix_tasks_closed_candidate_group_id",
            "candidate_group_id",
            "closed_at",
            postgresql_where=text("closed_at IS NOT NULL AND candidate_group_id IS NOT NULL"),
        ),
        Index(
            "ix_tasks_closed_assignee_id",
            "assignee_id",
            postgresql_where=text("closed_at IS NOT NULL AND assignee_id IS NOT NULL"),
        ),
        Index("ix_tasks_parent", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
        # Tasks that still need an assignee.
        Index(
            "ix_tasks_unassigned",
            "id",
            postgresql_where=text("status = 'open' AND assignment IS NOT NULL AND assignee_id IS NULL"),
        ),
        # Tasks of the clock that nobody did in time.
        Index(
            "ix_tasks_escalation",
            "due_at",
            postgresql_where=text("kind = 'escalation' AND status = 'open'"),
        ),
        # Those that a change of a calendar may concern.
        Index("ix_tasks_term", "id", postgresql_where=text("status = 'open' AND term IS NOT NULL")),
    )

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    element: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    lane: Mapped[str | None] = mapped_column(Text)
    status: Mapped[TaskStatus] = mapped_column(Text)
    assignee_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    revision: Mapped[int]
    opened_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]
    due_at: Mapped[Instant | None]
    serve_by: Mapped[Instant | None]  # the bound of its service's class, if it has one
    follow_up_at: Mapped[Instant | None]
    priority: Mapped[int | None]
    people: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # named by the diagram
    kind: Mapped[TaskKind] = mapped_column(Text)
    candidate_group_id: Mapped[UUID | None] = mapped_column(ForeignKey("candidate_groups.id"))
    home_candidate_group_id: Mapped[UUID | None] = mapped_column(ForeignKey("candidate_groups.id"))
    assignment: Mapped[str | None] = mapped_column(Text)  # NULL: to be claimed
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("tasks.id"))  # the task that waits for it
    asked: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # what was asked, by whom
    draft: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # an unfinished answer
    draft_seen: Mapped[str | None] = mapped_column(Text)  # the entity tag of the task when it was written
    asks: Mapped[bool] = mapped_column(server_default=text("false"))  # it has requests attached to it
    search: Mapped[str] = mapped_column(Text)  # the inbox's search text, normalised
    term: Mapped[str | None] = mapped_column(Text)  # P5WD or P20D, not PT8H; `due_at` is its end
    calendar: Mapped[str | None] = mapped_column(Text)  # with whose version `due_at` was computed: iran/3
    term_end_at: Mapped[Instant | None]  # if a recalculation made `due_at` later than it


class Incident(Base):
    """An element that failed and waits for a person. The id is that of the engine's token's failure."""

    __tablename__ = "incidents"
    __table_args__ = (
        Index(None, "case_id"),
        Index("ix_incidents_open", "id", postgresql_where=text("status = 'open'")),
    )

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    token_id: Mapped[UUID]  # the engine's token at the element
    element: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    line: Mapped[int | None]
    attempts: Mapped[int]
    call_id: Mapped[UUID | None]  # the call that failed, if it was one
    status: Mapped[IncidentStatus] = mapped_column(Text)
    opened_at: Mapped[Instant]
    resolved_at: Mapped[Instant | None]


class Event(Base):
    """One fact of the log. Append-only (trigger); only payload and salt can be erased. See docs/events.md."""

    __tablename__ = "events"
    __table_args__ = (
        # The feed reads by transaction, below the oldest running one, and sorts the few events of each, for
        # which PostgreSQL stores one key.
        Index(None, "transaction_id"),
        Index(None, "at", postgresql_using="brin"),  # of a search: a few bytes for thousands of events
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[Instant]
    kind: Mapped[str] = mapped_column(Text)
    element: Mapped[str | None] = mapped_column(Text)
    task_id: Mapped[UUID | None]
    actor_id: Mapped[UUID]
    actor_role: Mapped[str] = mapped_column(Text)
    actor_unit: Mapped[str | None] = mapped_column(Text)
    purpose: Mapped[str | None] = mapped_column(Text)
    version_id: Mapped[UUID]
    transaction_id: Mapped[int] = mapped_column(
        BigInteger, server_default=text("(pg_current_xact_id()::text)::bigint")
    )
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    payload_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    # json, not jsonb: the hash covers exactly this text.
    payload: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # NULL: of format 1
