"""For auditors and managers: who read what, and what is in the queues."""
