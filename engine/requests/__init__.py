"""One request: its transaction, its idempotency key, its lines in the access log."""
