"""Celery's way in: ids in, one call of a service."""

from uuid import UUID

from celery import shared_task

from community.services import files, idempotency, notices, notifications, outgoing_mails, sessions, sign_ins


@shared_task(name="community.purge_expired")
def purge_expired() -> None:
    """Delete idempotency records older than 24 hours, sign-ins that ended a while ago, notifications of half a year ago."""
    idempotency.expired_delete()
    sessions.expired_delete()
    sign_ins.expired_delete()
    notifications.notifications_purge()


@shared_task(name="community.scan_file")
def scan_file(file_id: str) -> None:
    files.file_scan(file_id=UUID(file_id))


@shared_task(name="community.remove_file")
def remove_file(file_id: str) -> None:
    files.file_remove(file_id=UUID(file_id))


@shared_task(name="community.scan_files_again")
def scan_files_again() -> None:
    files.files_scan_again()


@shared_task(name="community.sweep_files")
def sweep_files() -> None:
    files.files_sweep()


@shared_task(name="community.deliver_mail")
def deliver_mail(mail_id: str) -> None:
    outgoing_mails.mail_deliver(mail_id=UUID(mail_id))


@shared_task(name="community.deliver_mails_due")
def deliver_mails_due() -> None:
    outgoing_mails.mails_deliver_due()


@shared_task(name="community.mail_notification")
def mail_notification(notification_id: str) -> None:
    notifications.notification_mail(notification_id=UUID(notification_id))


@shared_task(name="community.tell_invited")
def tell_invited(invitation_id: str) -> None:
    notices.invited_tell(invitation_id=UUID(invitation_id))


@shared_task(name="community.tell_invited_due")
def tell_invited_due() -> None:
    notices.invited_tell_due()


@shared_task(name="community.mail_due_notifications")
def mail_due_notifications() -> None:
    notifications.notifications_mail_due()


@shared_task(name="community.send_digests")
def send_digests() -> None:
    notifications.digests_send_due()
