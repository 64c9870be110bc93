"""The server in front of the application: a gunicorn worker that reads whole requests before it serves one.

The application doesn't know it: nothing else may import it.
"""

from api.server.worker import Worker

__all__ = ["Worker"]
