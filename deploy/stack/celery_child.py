"""``python -m deploy.stack.celery_child …``: the ``celery`` command, telling the supervisor when it is ready."""

import ctypes
import signal
import sys

from celery.__main__ import main
from celery.signals import beat_init, worker_process_init, worker_ready

from deploy.stack import ready
from deploy.stack.launch import PR_SET_PDEATHSIG


@worker_ready.connect
@beat_init.connect
def announce(**_: object) -> None:
    ready.announce()


@worker_process_init.connect
def die_with_the_worker(**_: object) -> None:
    """A prefork child would outlive a killed worker."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))


if __name__ == "__main__":
    main()
