"""Periodic care of this app's rows."""

from celery import shared_task

from community.services import idempotency, sessions


@shared_task(name="community.purge_expired")
def purge_expired() -> None:
    """Delete idempotency records older than 24 hours and refresh families that ended a while ago."""
    idempotency.expired_delete()
    sessions.expired_delete()
