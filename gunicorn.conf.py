"""Configuration of the web server: for `python -m engine run`, and for starting gunicorn by hand."""

import gc
import os
import signal
from importlib import import_module

from gunicorn.http import wsgi

from engine.bpmn import sandbox
from engine.platform import apart, parent_death
from engine.platform.config import Settings

settings = Settings.read()
metrics = settings.var / "metrics"
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)  # read when the app is imported
metrics.mkdir(mode=0o700, parents=True, exist_ok=True)

bind = f"127.0.0.1:{settings.port}"
workers = settings.web_workers
# Like `sync`, but it reads whole requests first. Commands use a full core; threads only delay slow responses.
worker_class = "api.server.Worker"
preload_app = True  # an error in the app stops the start immediately, and the workers share its memory
timeout = 60
graceful_timeout = 30
accesslog = None  # the app logs its requests itself
loglevel = "warning"
control_socket_disable = True  # one per user by default, so a second installation would conflict with it
wsgi.SERVER = "parvandeh"  # the value of the Server header


def on_starting(_server):
    """Remove counters of old workers, which would be added to ours."""
    for left in metrics.iterdir():
        left.unlink()


def post_fork(server, _worker):
    """End the worker with its master, to free the port; by itself it checks only between waits."""
    for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT):
        # Until it has its own handlers it has the master's, which would ignore a signal to stop.
        signal.signal(number, signal.SIG_DFL)
    parent_death.follow(server.pid, signal.SIGKILL)
    import_module("api.counters").install()  # here and below: prometheus_client reads the above on import
    # The sandbox's processes must not keep the port when the worker is gone.
    for listener in server.LISTENERS:
        os.set_inheritable(listener.fileno(), False)
    apart.enable()
    sandbox.open_pool()  # here, because a pool doesn't survive a fork
    gc.freeze()


def worker_int(_worker):
    """Stop immediately: a current request gets no response, since its result is unknown."""
    os._exit(0)  # gunicorn would respond with 500 and its own page


def worker_exit(_server, _worker):
    """Stop its sandbox processes."""
    sandbox.close_pool()


def child_exit(_server, worker):
    """Remove its gauges."""
    import_module("prometheus_client.multiprocess").mark_process_dead(worker.pid)
