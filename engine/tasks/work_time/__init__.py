"""Work time: how long people have worked on tasks, for themselves, and summed for units.

`signals` extends the stretch in which a person works, `engine.cases.work_notes` puts it into the log of its
case, and `own` and `of_units` read it from there. docs/work-time.md explains what is measured and shown.
"""

from engine.tasks.work_time.of_units import Cell, UnitTime, last_ended, led_units, of_unit
from engine.tasks.work_time.own import TaskTime, WorkDay, measured, own_days
from engine.tasks.work_time.signals import record, signal
from engine.tasks.work_time.weeks import EARLIEST, LATEST, Week

__all__ = [
    "EARLIEST",
    "LATEST",
    "Cell",
    "TaskTime",
    "UnitTime",
    "Week",
    "WorkDay",
    "last_ended",
    "led_units",
    "measured",
    "of_unit",
    "own_days",
    "record",
    "signal",
]
