"""Celery. Redelivery by the broker is not relied on: a run has a lease in the database, and a reaper that looks at it."""

from celery.schedules import crontab

from config.env import env

CELERY_BROKER_URL = env.REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_BACKEND = None
CELERY_TASK_DEFAULT_QUEUE = "cpu"
# Only runs go to "runs": a worker full of long runs must not delay the reaper, which looks for workers that died.
CELERY_TASK_ROUTES = {"agents.execute_run": {"queue": "runs"}, "agents.sandbox_call": {"queue": "sandbox"}}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Whoever starts a run does not wait for a broker that is away or silent (by default six seconds, or for ever): the row is
# stored, and the reaper enqueues it. Workers and beat connect again by a loop of their own.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "max_retries": 0,
    "socket_connect_timeout": 1.0,
    "socket_timeout": 2.0,
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "reap runs": {"task": "agents.reap_runs", "schedule": 5.0, "options": {"expires": 5}},
    "sweep approvals": {"task": "agents.sweep_approvals", "schedule": 60.0, "options": {"expires": 60}},
    "scan files again": {"task": "community.scan_files_again", "schedule": 60.0, "options": {"expires": 60}},
    "mail due notifications": {
        "task": "community.mail_due_notifications",
        "schedule": 120.0,
        "options": {"expires": 120},
    },
    "deliver due mails": {"task": "community.deliver_mails_due", "schedule": 60.0, "options": {"expires": 60}},
    "tell invited people": {"task": "community.tell_invited_due", "schedule": 60.0, "options": {"expires": 60}},
    # Once an hour, so that it is eight in the morning once a day wherever somebody is.
    "send digests": {"task": "community.send_digests", "schedule": crontab(minute=0), "options": {"expires": 3000}},
    "sweep files": {"task": "community.sweep_files", "schedule": 3600.0, "options": {"expires": 3600}},
    "sweep credentials": {"task": "agents.sweep_credentials", "schedule": 3600.0, "options": {"expires": 3600}},
    "sweep holds": {"task": "billing.sweep_holds", "schedule": 60.0, "options": {"expires": 60}},
    "expire credits": {"task": "billing.expire_credits", "schedule": 60.0, "options": {"expires": 60}},
    "open accounts": {"task": "billing.open_accounts", "schedule": 300.0, "options": {"expires": 300}},
    "check the ledger": {
        "task": "billing.check_ledger",
        "schedule": crontab(hour=3, minute=0),
        "options": {"expires": 3600},
    },
    "purge expired": {"task": "community.purge_expired", "schedule": 3600.0, "options": {"expires": 3600}},
}
