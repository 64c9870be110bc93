"""BPMN: checking, building and running processes. Pure: bytes, commands and a clock in, a `Step` out.

The only package that knows SpiffWorkflow. Everything else imports from here.
"""

from engine.bpmn.check import Looked, check, look
from engine.bpmn.connecting import NamedConnector, named_connectors
from engine.bpmn.diff import Difference, compare
from engine.bpmn.findings import Finding, Process, Report
from engine.bpmn.flows import Flow
from engine.bpmn.foreign import Foreign, Gone, foreigns, translated, without
from engine.bpmn.forms import Form
from engine.bpmn.kinds import HUMAN
from engine.bpmn.marks import CaseRules, TaskRules
from engine.bpmn.migrate import Immovable, Migrated, Obstacle, migrate
from engine.bpmn.offering import Named, Offers, offers
from engine.bpmn.outcomes import Effect, Outcome
from engine.bpmn.outlook import steps_ahead
from engine.bpmn.picture import POLICY as PICTURE_POLICY
from engine.bpmn.picture import Marks, Undrawable, picture, places
from engine.bpmn.picture.placing import placed, without_places
from engine.bpmn.posts import Post
from engine.bpmn.readable import Name
from engine.bpmn.replies import Awaited, awaited
from engine.bpmn.runner import (
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
from engine.bpmn.source import Source, all_executable, digest
from engine.bpmn.spec import Element, Spec, Unbuildable, build, cached
from engine.bpmn.staffing import NamedPost, named_posts
from engine.bpmn.starts import first_start, next_start
from engine.bpmn.step import Failure, Fired, Outgoing, Passage, People, Step, Thrown, Wait, Work
from engine.bpmn.timers import later
from engine.bpmn.watch import OutOfTime, Watch

__all__ = [
    "HUMAN",
    "PICTURE_POLICY",
    "Awaited",
    "CallFailure",
    "CaseRules",
    "Difference",
    "Effect",
    "Element",
    "Failure",
    "Finding",
    "Fired",
    "Flow",
    "Foreign",
    "Form",
    "Gone",
    "Immovable",
    "Looked",
    "Marks",
    "Migrated",
    "Name",
    "Named",
    "NamedConnector",
    "NamedPost",
    "Obstacle",
    "Offers",
    "OutOfTime",
    "Outcome",
    "Outgoing",
    "Passage",
    "People",
    "Post",
    "Process",
    "Report",
    "Source",
    "Spec",
    "Step",
    "TaskRules",
    "Thrown",
    "Unbuildable",
    "Undrawable",
    "Unskippable",
    "Wait",
    "Watch",
    "Work",
    "all_executable",
    "answer",
    "awaited",
    "build",
    "cached",
    "cancel",
    "check",
    "compare",
    "complete",
    "correct",
    "digest",
    "fail_call",
    "fire",
    "first_start",
    "foreigns",
    "instances_before",
    "known_at",
    "later",
    "look",
    "migrate",
    "named_connectors",
    "named_posts",
    "next_start",
    "offers",
    "picture",
    "placed",
    "places",
    "retry",
    "same_process",
    "skip",
    "start",
    "steps_ahead",
    "translated",
    "without",
    "without_places",
]
