"""Programs of others that the tests start."""
