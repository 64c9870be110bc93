"""How the web server runs: for `python -m engine run`, and for anybody who starts gunicorn by hand."""

import gc
import os
import signal
from importlib import import_module

from gunicorn.http import wsgi

from engine.bpmn import sandbox
from engine.platform import parent_death
from engine.platform.config import Settings

settings = Settings.read()
metrics = settings.var / "metrics"
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)  # read when the app is imported
metrics.mkdir(mode=0o700, parents=True, exist_ok=True)

bind = f"127.0.0.1:{settings.port}"
workers = settings.web_workers
# As `sync`, but it reads whole requests first. Commands keep a core busy; threads only lengthen slow answers.
worker_class = "api.server.Worker"
preload_app = True  # a fault in the app ends the start at once, and the workers share its memory
timeout = 60
graceful_timeout = 30
accesslog = None  # the app logs its requests itself
loglevel = "warning"
control_socket_disable = True  # one per user by default, so a second installation would fight over it
wsgi.SERVER = "parvandeh"  # what the Server header says


def on_starting(_server):
    """Counters of workers long gone would be added to ours."""
    for left in metrics.iterdir():
        left.unlink()


def post_fork(server, _worker):
    """Workers look at their master only between waits; when it dies they must not keep the port."""
    for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT):
        # Until it has its own handlers it has the master's, which would swallow a wish to stop.
        signal.signal(number, signal.SIG_DFL)
    parent_death.follow(server.pid, signal.SIGKILL)
    sandbox.open_pool()  # here, because a pool does not survive a fork
    gc.freeze()


def worker_int(_worker):
    """It shall end at once: a request in hand gets no answer, for nobody knows yet what came of it."""
    os._exit(0)  # gunicorn would answer 500 with a page of its own


def worker_exit(_server, _worker):
    """Its sandbox processes end with it."""
    sandbox.close_pool()


def child_exit(_server, worker):
    """Its gauges no longer count."""
    # Imported only now: prometheus_client looks for its folder at import, and that is named above.
    import_module("prometheus_client.multiprocess").mark_process_dead(worker.pid)
