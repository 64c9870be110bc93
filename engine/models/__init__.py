"""All tables. Statuses are text; instants are aware, UTC and end in `_at`; ids are UUIDv7."""

from engine.models.access_log import AccessHead, AccessRecord, Openable
from engine.models.accounts import Role, Token, User
from engine.models.application_drafts import ApplicationCount, ApplicationDraft, ApplicationStage
from engine.models.bills import Bill, BillStatus
from engine.models.calendars import CalendarVersion, Closure, Recalculation, UnitCalendar, WorkCalendar
from engine.models.case_migrations import CaseMigration, CaseMigrationStatus, MigratedCase, MigratedCaseStatus
from engine.models.clocks import CaseClock, ClockRelease, ClockState, ServiceDuration
from engine.models.conflicts import Recusal, Relation, RelationKind
from engine.models.desk import Batch, Comment
from engine.models.dmn_decisions import DeploymentDecision
from engine.models.documents import Document, DocumentStatus, DocumentVersion, ErasedFile
from engine.models.idempotency import IdempotencyKey
from engine.models.legal_decisions import Decision
from engine.models.login import BrowserSession, Identity, Password, PendingLogin, Throttle
from engine.models.mass_retries import RetriedIncident, RetriedStatus, Retry
from engine.models.organisation import (
    ROOT,
    CandidateGroup,
    CandidateGroupRole,
    Delegation,
    Membership,
    Substitution,
    Unit,
    UnitKind,
    UnitLine,
)
from engine.models.organisation_log import ChainHead, Heartbeat, OrganisationKind, OrganisationRecord
from engine.models.process_drafts import (
    ProcessDraft,
    ProcessDraftCheck,
    ProcessDraftCheckStatus,
    ProcessDraftCheckStep,
    ProcessDraftFile,
)
from engine.models.staged_documents import StagedDocument, StagedPart
from engine.models.tables import (
    CASE_NUMBERS,
    FOUND_BY,
    Call,
    CallStatus,
    Case,
    CaseStatus,
    Channel,
    Definition,
    DefinitionVersion,
    Deployment,
    DeploymentFile,
    Event,
    Incident,
    IncidentStatus,
    Message,
    MessageStatus,
    Task,
    TaskKind,
    TaskStatus,
    VersionStatus,
    Wait,
    WaitKind,
)
from engine.models.test_runs import TestRun
from engine.models.uploads import Upload, UploadFile, UploadStatus
from engine.models.webhooks import Cursor, Delivery, DeliveryStatus, Webhook
from engine.platform.db import Base

__all__ = [
    "CASE_NUMBERS",
    "FOUND_BY",
    "ROOT",
    "AccessHead",
    "AccessRecord",
    "ApplicationCount",
    "ApplicationDraft",
    "ApplicationStage",
    "Base",
    "Batch",
    "Bill",
    "BillStatus",
    "BrowserSession",
    "CalendarVersion",
    "Call",
    "CallStatus",
    "CandidateGroup",
    "CandidateGroupRole",
    "Case",
    "CaseClock",
    "CaseMigration",
    "CaseMigrationStatus",
    "CaseStatus",
    "ChainHead",
    "Channel",
    "ClockRelease",
    "ClockState",
    "Closure",
    "Comment",
    "Cursor",
    "Decision",
    "Definition",
    "DefinitionVersion",
    "Delegation",
    "Delivery",
    "DeliveryStatus",
    "Deployment",
    "DeploymentDecision",
    "DeploymentFile",
    "Document",
    "DocumentStatus",
    "DocumentVersion",
    "ErasedFile",
    "Event",
    "Heartbeat",
    "IdempotencyKey",
    "Identity",
    "Incident",
    "IncidentStatus",
    "Membership",
    "Message",
    "MessageStatus",
    "MigratedCase",
    "MigratedCaseStatus",
    "Openable",
    "OrganisationKind",
    "OrganisationRecord",
    "Password",
    "PendingLogin",
    "ProcessDraft",
    "ProcessDraftCheck",
    "ProcessDraftCheckStatus",
    "ProcessDraftCheckStep",
    "ProcessDraftFile",
    "Recalculation",
    "Recusal",
    "Relation",
    "RelationKind",
    "RetriedIncident",
    "RetriedStatus",
    "Retry",
    "Role",
    "ServiceDuration",
    "StagedDocument",
    "StagedPart",
    "Substitution",
    "Task",
    "TaskKind",
    "TaskStatus",
    "TestRun",
    "Throttle",
    "Token",
    "Unit",
    "UnitCalendar",
    "UnitKind",
    "UnitLine",
    "Upload",
    "UploadFile",
    "UploadStatus",
    "User",
    "VersionStatus",
    "Wait",
    "WaitKind",
    "Webhook",
    "WorkCalendar",
]
