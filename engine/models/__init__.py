"""All tables. Statuses are text; instants are aware, UTC and end in `_at`; ids are UUIDv7."""

from engine.models.access_log import AccessHead, AccessRecord, Openable
from engine.models.accounts import Token, User
from engine.models.application_drafts import (
    ApplicationCount,
    ApplicationDraft,
    ApplicationStage,
    AwaitedOutput,
    SubmittedApplication,
)
from engine.models.bills import Bill, BillStatus
from engine.models.calendars import CalendarVersion, Closure, Recalculation, UnitCalendar, WorkCalendar
from engine.models.case_migrations import CaseMigration, CaseMigrationStatus, MigratedCase, MigratedCaseStatus
from engine.models.case_proposals import CaseProposal, ProposalKind, ProposalStatus
from engine.models.case_values import CaseValue
from engine.models.catalogue import CatalogueEntry
from engine.models.checkpoints import (
    AuditKind,
    AuditRun,
    Checkpoint,
    CheckpointLeaf,
    CheckpointLog,
    CheckpointSending,
    CheckpointTarget,
    Installation,
    SendingStatus,
)
from engine.models.clocks import CaseClock, ClockState, ServiceDuration
from engine.models.commitments import (
    Commitment,
    CommitmentCause,
    CommitmentExplanation,
    CommitmentKind,
    CommitmentMetric,
    CommitmentState,
    CommitmentVersion,
    OfflineReason,
    RegisteredService,
)
from engine.models.conflicts import Recusal, Relation, RelationKind
from engine.models.deferred_requests import DeferredRequest, RequestStatus
from engine.models.desk import Batch, Comment
from engine.models.dmn_decisions import DeploymentDecision
from engine.models.documents import Document, DocumentStatus, DocumentVersion, ErasedFile
from engine.models.evidence import Consent, Evidence, EvidenceState, EvidenceValue
from engine.models.figures import (
    CaseFigures,
    CausePeriodFigures,
    DelayCause,
    DurationBin,
    PeriodFigures,
    StepFigures,
    StepPeriodFigures,
    StepWorker,
)
from engine.models.flags import Conclusion, Flag, FlagCase, FlagQuestion, FlagSearch, FlagState, Pattern
from engine.models.idempotency import IdempotencyKey
from engine.models.legal_decisions import Decision
from engine.models.login import BrowserSession, Identity, Password, PendingLogin, Throttle
from engine.models.mass_retries import RetriedIncident, RetriedStatus, Retry
from engine.models.messages import Message, MessageStatus
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
from engine.models.provisioning import Provisioned
from engine.models.publications import Publication, PublicationKey, PublishedFigures
from engine.models.rates import RateKind, UnitRate
from engine.models.reports import (
    ProgressReport,
    ReportAction,
    ReportActionChange,
)
from engine.models.staged_documents import StagedDocument, StagedPart
from engine.models.tables import (
    CASE_NUMBERS,
    FOUND_BY,
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
    ServiceClass,
    Task,
    TaskKind,
    TaskStatus,
    VersionStatus,
)
from engine.models.test_runs import TestRun
from engine.models.uploads import Upload, UploadFile, UploadStatus
from engine.models.waits import Call, CallStatus, Wait, WaitKind
from engine.models.webhooks import Cursor, Delivery, DeliveryStatus, Webhook
from engine.models.work_time import WorkStretch
from engine.platform.db import Base
from engine.platform.vocabulary import Role

__all__ = [
    "CASE_NUMBERS",
    "FOUND_BY",
    "ROOT",
    "AccessHead",
    "AccessRecord",
    "ApplicationCount",
    "ApplicationDraft",
    "ApplicationStage",
    "AuditKind",
    "AuditRun",
    "AwaitedOutput",
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
    "CaseFigures",
    "CaseMigration",
    "CaseMigrationStatus",
    "CaseProposal",
    "CaseStatus",
    "CaseValue",
    "CatalogueEntry",
    "CausePeriodFigures",
    "ChainHead",
    "Channel",
    "Checkpoint",
    "CheckpointLeaf",
    "CheckpointLog",
    "CheckpointSending",
    "CheckpointTarget",
    "ClockState",
    "Closure",
    "Comment",
    "Commitment",
    "CommitmentCause",
    "CommitmentExplanation",
    "CommitmentKind",
    "CommitmentMetric",
    "CommitmentState",
    "CommitmentVersion",
    "Conclusion",
    "Consent",
    "Cursor",
    "Decision",
    "DeferredRequest",
    "Definition",
    "DefinitionVersion",
    "DelayCause",
    "Delegation",
    "Delivery",
    "DeliveryStatus",
    "Deployment",
    "DeploymentDecision",
    "DeploymentFile",
    "Document",
    "DocumentStatus",
    "DocumentVersion",
    "DurationBin",
    "ErasedFile",
    "Event",
    "Evidence",
    "EvidenceState",
    "EvidenceValue",
    "Flag",
    "FlagCase",
    "FlagQuestion",
    "FlagSearch",
    "FlagState",
    "Heartbeat",
    "IdempotencyKey",
    "Identity",
    "Incident",
    "IncidentStatus",
    "Installation",
    "Membership",
    "Message",
    "MessageStatus",
    "MigratedCase",
    "MigratedCaseStatus",
    "OfflineReason",
    "Openable",
    "OrganisationKind",
    "OrganisationRecord",
    "Password",
    "Pattern",
    "PendingLogin",
    "PeriodFigures",
    "ProcessDraft",
    "ProcessDraftCheck",
    "ProcessDraftCheckStatus",
    "ProcessDraftCheckStep",
    "ProcessDraftFile",
    "ProgressReport",
    "ProposalKind",
    "ProposalStatus",
    "Provisioned",
    "Publication",
    "PublicationKey",
    "PublishedFigures",
    "RateKind",
    "Recalculation",
    "Recusal",
    "RegisteredService",
    "Relation",
    "RelationKind",
    "ReportAction",
    "ReportActionChange",
    "RequestStatus",
    "RetriedIncident",
    "RetriedStatus",
    "Retry",
    "Role",
    "SendingStatus",
    "ServiceClass",
    "ServiceDuration",
    "StagedDocument",
    "StagedPart",
    "StepFigures",
    "StepPeriodFigures",
    "StepWorker",
    "SubmittedApplication",
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
    "UnitRate",
    "Upload",
    "UploadFile",
    "UploadStatus",
    "User",
    "VersionStatus",
    "Wait",
    "WaitKind",
    "Webhook",
    "WorkCalendar",
    "WorkStretch",
]
