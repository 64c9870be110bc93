"""Designing processes before they are published: drafts, test runs, review and publishing, diagrams."""
