"""A port in use is reported before anything is installed: by any supported Python, without a dependency."""

import socket
import subprocess
import sys

from engine.platform.config import ROOT

LOOK = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"]
LOOK[-1] += "import runpy; runpy.run_module('engine.platform.ports', run_name='__main__')"


def test_port_in_use_is_reported_at_once_and_a_free_one_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = subprocess.run(LOOK, env={"PORT": str(port)}, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Port {port} is in use by another program.")
    assert "make run PORT=" in refused.stderr
    free = subprocess.run(LOOK, env={"PORT": str(port)}, capture_output=True, text=True, check=False)
    assert (free.returncode, free.stderr) == (0, "")
