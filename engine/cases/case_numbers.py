"""Case numbers: a year and a number that nobody can count by (docs/decisions/0101-case-numbers.md).

A sequence counts the cases. What people see is its value under a permutation with the installation's key:
each number appears once, and none says how many came before.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from persiantools.jdatetime import JalaliDate
from sqlalchemy import select

from engine.models import CASE_NUMBERS, Installation
from engine.platform.db import UnitOfWork
from engine.platform.prepared import Prepared

DIGITS = 6  # at least
ROUNDS = 6

_NUMBERING = (Installation.number_key, Installation.numbers_from)
_NEXT = Prepared(select(CASE_NUMBERS.next_value(), *_NUMBERING))


@dataclass(frozen=True, slots=True)
class Numbering:
    """How an installation numbers its cases; numbers of counters below `first` are unchanged."""

    key: bytes
    first: int

    def number(self, now: datetime, counter: int) -> str:
        """Returns a number that people can read aloud: Jalali year and permuted counter (1405-038214)."""
        year = JalaliDate.to_jalali(now.year, now.month, now.day).year
        return f"{year}-{self.permuted(counter):0{DIGITS}d}"

    def permuted(self, counter: int) -> int:
        """Returns the counter's place among all with as many digits: a bijection of these counters.

        Counters that were assigned as they are aren't among them.
        """
        length = max(DIGITS, len(str(counter)))
        least = max(self.first, 10 ** (length - 1) if length > DIGITS else 0)
        size, half = 10**length - least, -(-(10**length - least).bit_length() // 2)
        found = counter - least
        while True:  # what falls outside of the range is permuted again: less than four times on average
            found = self._mixed(found, half)
            if found < size:
                return least + found

    def _mixed(self, value: int, half: int) -> int:
        """Returns a Feistel permutation of numbers of twice `half` bits."""
        mask = (1 << half) - 1
        left, right = value >> half, value & mask
        for turn in range(ROUNDS):
            text = b"%d %d %d" % (half, turn, right)
            drawn = int.from_bytes(blake2b(text, digest_size=8, key=self.key).digest())
            left, right = right, left ^ (drawn & mask)
        return left << half | right


def next_number(uow: UnitOfWork) -> str:
    """Returns the next case number. Draw it last, so that refused commands use none up."""
    ((counter, key, first),) = uow.rows(_NEXT, {})
    return Numbering(key, first).number(uow.now, counter)


def numbering(uow: UnitOfWork) -> Numbering:
    """Returns how this installation numbers its cases."""
    return Numbering(*uow.connection.execute(select(*_NUMBERING)).one())
