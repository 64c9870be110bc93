"""Clients of the API in Python and TypeScript, and the generator of their typed parts (`make clients`)."""
