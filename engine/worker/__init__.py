"""Background work: jobs (`jobs`), and regular checks for what is due (`sweeps`).

The queues are procrastinate's; a process serves one of them. `cases` continues cases, one job at a time:
start more processes for more throughput. `calls` calls other systems and delivers events to webhooks, many at
once: one that hangs delays neither a timer nor another call.
"""

from engine.worker.process import serve

__all__ = ["serve"]
