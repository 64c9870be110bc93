"""Red flags: patterns in the logs that an inspector should ask about, and the questions to officials.

They are no judgement: each has its numerator, its base and what is usual in the place, nothing adds up what
concerns a person, and only a conclusion that somebody writes after an answer says what it was.
"""

from engine.oversight.flags.listing import (
    PAGE,
    Askable,
    AskedAs,
    FlagView,
    Wanted,
    get_flag,
    list_flags,
    searched_until,
)
from engine.oversight.flags.measured import MEASURED, Measured
from engine.oversight.flags.patterns import OF_PLACES, OF_UNITS
from engine.oversight.flags.questions import (
    CONCLUSIONS,
    MAX_TEXT,
    Closing,
    NewQuestion,
    OwnQuestion,
    answer,
    ask,
    close,
    default_due,
    own_question,
    own_questions,
)
from engine.oversight.flags.searching import next_period, search, search_next

__all__ = [
    "CONCLUSIONS",
    "MAX_TEXT",
    "MEASURED",
    "OF_PLACES",
    "OF_UNITS",
    "PAGE",
    "Askable",
    "AskedAs",
    "Closing",
    "FlagView",
    "Measured",
    "NewQuestion",
    "OwnQuestion",
    "Wanted",
    "answer",
    "ask",
    "close",
    "default_due",
    "get_flag",
    "list_flags",
    "next_period",
    "own_question",
    "own_questions",
    "search",
    "search_next",
    "searched_until",
]
