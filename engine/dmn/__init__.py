"""DMN 1.1 to 1.5 and FEEL, its expression language: reads, checks and evaluates decisions. Pure.

Other packages import from here only: the modules below may change.
"""

from engine.dmn.check import Checked
from engine.dmn.check import check as check_files
from engine.dmn.errors import TooMuch, Unreadable
from engine.dmn.evaluation import SUFFIX, Decisions, Evaluation, Input, Offered, decisions
from engine.dmn.feel import Expression, Run
from engine.dmn.feel import tree as feel_tree
from engine.dmn.feel.moments import SECOND, Date, DateTime, Days, Months, Time, from_python
from engine.dmn.feel.names import normalized
from engine.dmn.feel.notation import write as write_feel
from engine.dmn.feel.values import ARITHMETIC, Range, rounded
from engine.dmn.inputs import Wrong
from engine.dmn.model.reader import NotDmn, parse_xml, read_file
from engine.dmn.model.syntax import Definitions
from engine.dmn.serialization import read_json, write_json

__all__ = [
    "ARITHMETIC",
    "SECOND",
    "SUFFIX",
    "Checked",
    "Date",
    "DateTime",
    "Days",
    "Decisions",
    "Definitions",
    "Evaluation",
    "Expression",
    "Input",
    "Months",
    "NotDmn",
    "Offered",
    "Range",
    "Run",
    "Time",
    "TooMuch",
    "Unreadable",
    "Wrong",
    "check_files",
    "decisions",
    "feel_tree",
    "from_python",
    "normalized",
    "parse_xml",
    "read_file",
    "read_json",
    "rounded",
    "write_feel",
    "write_json",
]
