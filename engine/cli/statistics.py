"""Publish the statistics of months that are due, or correct those of a month."""

import argparse
from datetime import datetime

from sqlalchemy.orm import Session

from engine.cli.connection import database
from engine.identity import accounts
from engine.oversight.publication import editions
from engine.oversight.publication.reading import Edition
from engine.platform.config import Settings
from engine.platform.db import UnitOfWork


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Publish, each month in a transaction of its own, and print what was published."""
    with database(settings) as opened:
        if arguments.action == "correct":
            print(_line(opened.run(lambda session, now: _correct(session, now, arguments))))
            return 0
        count = 0
        while (one := opened.run(lambda session, now: _publish(session, now, settings))) is not None:
            print(_line(one))
            count += 1
    if not count:
        print("No month is due.")
    return 0


def _publish(session: Session, now: datetime, settings: Settings) -> Edition | None:
    uow = UnitOfWork(session, accounts.system(session, now), now)
    return editions.publish(uow, settings.published_calendar)


def _correct(session: Session, now: datetime, arguments: argparse.Namespace) -> Edition:
    uow = UnitOfWork(session, accounts.system(session, now), now)
    return editions.correct_for_operator(uow, arguments.month, arguments.reason)


def _line(one: Edition) -> str:
    return f"{one.month.name}, edition {one.edition}: SHA-256 {one.digest}"
