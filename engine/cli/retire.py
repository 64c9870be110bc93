"""Retire a version, or withdraw a draft."""

import argparse
from datetime import datetime

from sqlalchemy.orm import Session

from engine.cli.connection import database
from engine.design import publishing
from engine.identity import accounts
from engine.platform.config import Settings
from engine.platform.db import UnitOfWork


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Retire it as the installation's own account."""
    key, number = arguments.key, arguments.number

    def command(session: Session, now: datetime) -> None:
        uow = UnitOfWork(session, accounts.system(session, now), now)
        publishing.retire(uow, key, number)

    with database(settings) as opened:
        opened.run(command)
    print(f"{key} version {number} is retired.")
    return 0
