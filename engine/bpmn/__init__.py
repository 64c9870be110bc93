"""BPMN: checking, building and running processes. Pure: bytes, commands and a clock in, a `Step` out.

The only package that knows SpiffWorkflow. Everything else imports from here.
"""

from engine.bpmn.check import check
from engine.bpmn.findings import Finding, Process, Report
from engine.bpmn.forms import Form
from engine.bpmn.runner import cancel, complete, retry, start
from engine.bpmn.source import Source, digest
from engine.bpmn.spec import Element, Spec, Unbuildable, build, cached
from engine.bpmn.step import Failure, Passage, Step, Work

__all__ = [
    "Element",
    "Failure",
    "Finding",
    "Form",
    "Passage",
    "Process",
    "Report",
    "Source",
    "Spec",
    "Step",
    "Unbuildable",
    "Work",
    "build",
    "cached",
    "cancel",
    "check",
    "complete",
    "digest",
    "retry",
    "start",
]
