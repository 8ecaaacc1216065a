"""The project's settings with a shorter patience, so that what takes 15 seconds in life takes 3 in a fault test."""

import os

from config.settings import *  # noqa: F403

RUN_LEASE = 3.0
RUN_HEARTBEAT = 0.5
RUN_FLUSH_INTERVAL = 0.3
RUN_REENQUEUE_AFTER = 2.0
RUN_SHUTDOWN_GRACE = 0.5
RUN_ACTIVE_TIME = 60.0
RUN_WAIT = 5.0
PROVIDER_CONNECT_TIMEOUT = 2.0
PROVIDER_STALL_TIMEOUT = float(os.environ.get("FAULTS_STALL_TIMEOUT", "30"))  # tests hold streams for some seconds
CELERY_BEAT_SCHEDULE = {
    name: entry | ({"schedule": 1.0, "options": {"expires": 1}} if name == "reap runs" else {})
    for name, entry in CELERY_BEAT_SCHEDULE.items()  # noqa: F405
}
