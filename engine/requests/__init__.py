"""Requests of programs and people: one transaction, an idempotency key, a record in the access log."""
