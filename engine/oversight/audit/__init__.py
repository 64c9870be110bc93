"""Audit: checkpoints of the logs, their verification, and searching the log with a purpose."""
