"""BPMN: checks, translates and runs processes. Pure: bytes, commands and a clock in, a `Step` out.

Other packages import from here. Only separate entry points are imported by their own names: `forms`,
`values`, `diff` and `sandbox`. `outcomes`, `timers`, `broadcast`, `money` and `clock` are used as whole
modules.
"""

from engine.bpmn.analysis.checking import Looked, check, look
from engine.bpmn.analysis.expected_replies import Awaited, awaited
from engine.bpmn.analysis.known_names import Name
from engine.bpmn.analysis.other_engines import Foreign, Gone, foreigns, translated, without
from engine.bpmn.analysis.reference_choices import Named, Offers, offers
from engine.bpmn.analysis.required_connectors import RequiredConnector, required_connectors
from engine.bpmn.analysis.required_roles import RequiredRole, required_roles
from engine.bpmn.analysis.start_forms import start_form
from engine.bpmn.check.bounded import too_deep, too_much
from engine.bpmn.check.files import FILE_SUFFIXES, MAX_FILES, is_file_name
from engine.bpmn.diff import Difference, compare
from engine.bpmn.draw import POLICY as PICTURE_POLICY
from engine.bpmn.draw import ChangeMark, Marks, TokenMark, Undrawable, drawable_keys, picture, places
from engine.bpmn.draw.placing import placed, without_places
from engine.bpmn.forms import Form
from engine.bpmn.model.visits import PlannedVisits, planned_visits
from engine.bpmn.notation import broadcast, clock, money, outcomes, timers
from engine.bpmn.notation.bills import BILL, Paid, received
from engine.bpmn.notation.candidate_roles import BINDINGS, UNIT_KEY, CandidateRole, is_role, is_unit
from engine.bpmn.notation.clock import ClockRules
from engine.bpmn.notation.findings import Finding, Owner, Process, Report
from engine.bpmn.notation.money import NotMoney
from engine.bpmn.notation.outcomes import Effect, Outcome
from engine.bpmn.notation.requirements import CaseRules, TaskRules
from engine.bpmn.notation.source import BPMN_SUFFIXES, MAX_FILE, Source, Unreadable, all_executable, digest
from engine.bpmn.notation.timers import later
from engine.bpmn.notation.vocabulary import HUMAN
from engine.bpmn.run.case_migration import Immovable, Migrated, Obstacle, migrate
from engine.bpmn.run.commands import (
    CallFailure,
    Unskippable,
    answer,
    cancel,
    complete,
    correct,
    fail_call,
    fire,
    instances_before,
    known_at,
    retry,
    same_process,
    skip,
    start,
)
from engine.bpmn.run.fees import Fee, fee
from engine.bpmn.run.flows import Flow
from engine.bpmn.run.modification import Unmodifiable, modify, tokens_at
from engine.bpmn.run.remaining_steps import steps_ahead
from engine.bpmn.run.spec import Element, Spec, Unbuildable, build, cached
from engine.bpmn.run.start_timers import first_start, next_start
from engine.bpmn.run.statutory import NoTerm, concerns_safety, statutory_term
from engine.bpmn.run.step import (
    Disputed,
    Failure,
    Fired,
    Issued,
    Outgoing,
    People,
    Step,
    Thrown,
    TokenTransition,
    Wait,
    Work,
)
from engine.bpmn.run.subject import depends_on, shown_by, subject
from engine.bpmn.run.trace import OutOfTime, Trace
from engine.bpmn.run.variables import COUNTERS, Scope, inner_scopes, set_variables

__all__ = [
    "BILL",
    "BINDINGS",
    "BPMN_SUFFIXES",
    "COUNTERS",
    "FILE_SUFFIXES",
    "HUMAN",
    "MAX_FILE",
    "MAX_FILES",
    "PICTURE_POLICY",
    "UNIT_KEY",
    "Awaited",
    "CallFailure",
    "CandidateRole",
    "CaseRules",
    "ChangeMark",
    "ClockRules",
    "Difference",
    "Disputed",
    "Effect",
    "Element",
    "Failure",
    "Fee",
    "Finding",
    "Fired",
    "Flow",
    "Foreign",
    "Form",
    "Gone",
    "Immovable",
    "Issued",
    "Looked",
    "Marks",
    "Migrated",
    "Name",
    "Named",
    "NoTerm",
    "NotMoney",
    "Obstacle",
    "Offers",
    "OutOfTime",
    "Outcome",
    "Outgoing",
    "Owner",
    "Paid",
    "People",
    "PlannedVisits",
    "Process",
    "Report",
    "RequiredConnector",
    "RequiredRole",
    "Scope",
    "Source",
    "Spec",
    "Step",
    "TaskRules",
    "Thrown",
    "TokenMark",
    "TokenTransition",
    "Trace",
    "Unbuildable",
    "Undrawable",
    "Unmodifiable",
    "Unreadable",
    "Unskippable",
    "Wait",
    "Work",
    "all_executable",
    "answer",
    "awaited",
    "broadcast",
    "build",
    "cached",
    "cancel",
    "check",
    "clock",
    "compare",
    "complete",
    "concerns_safety",
    "correct",
    "depends_on",
    "digest",
    "drawable_keys",
    "fail_call",
    "fee",
    "fire",
    "first_start",
    "foreigns",
    "inner_scopes",
    "instances_before",
    "is_file_name",
    "is_role",
    "is_unit",
    "known_at",
    "later",
    "look",
    "migrate",
    "modify",
    "money",
    "next_start",
    "offers",
    "outcomes",
    "picture",
    "placed",
    "places",
    "planned_visits",
    "received",
    "required_connectors",
    "required_roles",
    "retry",
    "same_process",
    "set_variables",
    "shown_by",
    "skip",
    "start",
    "start_form",
    "statutory_term",
    "steps_ahead",
    "subject",
    "timers",
    "tokens_at",
    "too_deep",
    "too_much",
    "translated",
    "without",
    "without_places",
]
