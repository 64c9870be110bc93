"""The mark of a task in lists for the statutory term of its case."""

from sqlalchemy import and_, case, select

from engine.models import CaseClock, Task

# `near`: nearly over, `over`, or `paused`; None: nothing yet, or no term.
TERM_MARK = (
    select(
        case(
            (CaseClock.state == "paused", "paused"),
            (CaseClock.stage == "breached", "over"),
            (and_(CaseClock.state == "running", CaseClock.stage == "warned"), "near"),
        )
    )
    .where(CaseClock.case_id == Task.case_id)
    .scalar_subquery()
)
