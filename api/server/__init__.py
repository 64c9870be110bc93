"""What stands before the application: a gunicorn worker that reads whole requests before it works on one.

The application knows nothing of it: nothing else may import it.
"""

from api.server.worker import Worker

__all__ = ["Worker"]
