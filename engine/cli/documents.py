"""Check and maintain the stored content of documents."""

import argparse

from engine import documents
from engine.cli.connection import database
from engine.platform.config import Settings
from engine.platform.storage import Storage


def run(_: argparse.Namespace, settings: Settings) -> int:
    """Print every finding."""
    storage = Storage(settings.documents)
    with database(settings) as opened:
        findings = opened.run(lambda session, _: list(documents.check(session, storage)), "snapshot")
    for finding in findings:
        print(f"{finding.kind}: {finding.name}")
    lost = [finding for finding in findings if finding.kind != "orphan"]
    orphans = len(findings) - len(lost)
    print(
        f"{len(lost)} documents are missing or altered."
        if lost
        else "All documents are present and unchanged."
    )
    if orphans:
        print(f"{orphans} files belong to no document: of failed or unfinished uploads. They are harmless.")
    return 1 if lost else 0
