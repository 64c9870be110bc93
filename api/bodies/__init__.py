"""Requests and responses of resources with many fields; others have theirs next to their views."""
