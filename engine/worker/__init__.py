"""Work in the background: jobs (`tasks`), and what is looked for without being told (`sweeps`).

The queues are procrastinate's; a process serves one of them. `cases` moves cases, one job at a time: whoever
wants more starts more processes. `calls` speaks to other systems, many at once, and to subscribers of events:
whatever hangs there holds up neither a timer nor another call.
"""

from engine.worker.process import serve

__all__ = ["serve"]
