"""What auditors and managers see: who read what, what is in the queues."""
