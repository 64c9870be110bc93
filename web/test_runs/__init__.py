"""Testing versions and drafts: diagram, scenarios, forms, and test runs without real effects."""

from web.test_runs import diagrams, forms, plays, scenarios
from web.test_runs.subject import blueprint, of_drafts

__all__ = ["blueprint", "diagrams", "forms", "of_drafts", "plays", "scenarios"]
