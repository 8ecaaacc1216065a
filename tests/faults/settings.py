"""The project's settings with a shorter patience, but for leases: a test says when the one of a dead worker is over (``World.lose``),
so that a machine that stands still for some seconds takes no run from the living."""

import os

from config.settings import *  # noqa: F403

RUN_LEASE = 30.0
RUN_HEARTBEAT = 0.5
RUN_FLUSH_INTERVAL = 0.3
RUN_REENQUEUE_AFTER = 2.0
RUN_SHUTDOWN_GRACE = float(os.environ.get("FAULTS_SHUTDOWN_GRACE", "4"))
RUN_ACTIVE_TIME = 300.0
RUN_WAIT = 60.0
PROVIDER_CONNECT_TIMEOUT = 10.0
PROVIDER_STALL_TIMEOUT = float(os.environ.get("FAULTS_STALL_TIMEOUT", "90"))  # tests hold streams for some seconds
CELERY_BEAT_SCHEDULE = {
    name: entry | ({"schedule": 1.0, "options": {"expires": 10}} if name == "reap runs" else {})
    for name, entry in CELERY_BEAT_SCHEDULE.items()  # noqa: F405
}
