"""The Celery application. Tasks carry the request's id in their headers, so that one search finds a request's whole way."""

import os
from typing import Any

from celery import Celery, signals

import config  # noqa: F401  (puts agents/ on sys.path)
from config import broker
from config.lib import logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

broker.install()

app = Celery("troupe")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.before_task_publish.connect
def _send_request_id(headers: dict[str, Any], **_: Any) -> None:
    if request_id := logs.request_id.get():
        headers["request_id"] = request_id


@signals.task_prerun.connect
def _take_request_id(task: Any, **_: Any) -> None:
    logs.request_id.set(getattr(task.request, "request_id", None) or "")


@signals.setup_logging.connect
def _keep_django_logging(**_: Any) -> None:
    """Celery would replace the root logger; Django's configuration stays."""
