"""Programs that run beside us and never outlive us."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

PR_SET_PDEATHSIG = 1


def start_beside(command: Sequence[str], *, env: Mapping[str, str] | None = None) -> subprocess.Popen:
    """Starts a program in a group of its own, so that Ctrl-C reaches only us and we stop it in our order.

    On Linux the kernel ends it even if we are killed without a chance to do so.
    """
    return subprocess.Popen(  # noqa: S603
        list(command),
        env=env,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,
    )


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def stop(process: subprocess.Popen, *, within_seconds: float) -> None:
    """Asks a program to end, waits, and then ends whatever is left of its group."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(within_seconds)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
