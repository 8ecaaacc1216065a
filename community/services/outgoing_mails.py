"""Sending mails: written down with the fact they are about, handed to the mail server by a worker, again until it takes them.

So no request waits for a mail server, takes longer for an address that somebody has, or fails because the server is away.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.utils import timezone, translation

from community.letters import Letter, message
from community.models import OutgoingMail
from config.lib import jobs, secrets
from config.lib.secrets import DecryptionError

PURPOSE = "mail"
SWEPT_AFTER = timedelta(minutes=1)  # a worker has it before, unless the task was lost
AT_MOST_AFTER = timedelta(days=2)  # its links end then
LONGEST_WAIT = timedelta(minutes=15)

Outcome = Literal["sent", "refused", "later", "taken"]

logger = logging.getLogger(__name__)


@transaction.atomic
def mail_post(
    *, to: str, subject: str, text: str, action: str = "", headers: Mapping[str, str] | None = None
) -> OutgoingMail:
    """Have a mail sent once the current transaction is committed. ``text`` is in the active language; ``action`` names
    what the reader does at the address that stands alone on a line."""
    letter = Letter(to, " ".join(subject.split()), text, action, translation.get_language() or "", headers or {})
    row = OutgoingMail.objects.create(
        to=to,
        sealed=secrets.encrypt(json.dumps(asdict(letter)), purpose=PURPOSE),
        due_at=timezone.now() + SWEPT_AFTER,
    )
    jobs.send_on_commit("community.deliver_mail", mail_id=row.id)
    return row


@transaction.atomic
def mail_deliver(*, mail_id: UUID) -> Outcome:
    """Hand one mail to the server, unless somebody else is at it or it is gone. Twice only if we die in between."""
    row = OutgoingMail.objects.select_for_update(skip_locked=True).filter(id=mail_id).first()
    if row is None:
        return "taken"
    try:
        message(Letter(**json.loads(secrets.decrypt(row.sealed, purpose=PURPOSE)))).send()
    except (OSError, ValueError, DecryptionError) as error:  # smtplib's errors are OSErrors
        if _for_good(error):
            logger.warning("mail refused", extra={"mail": str(row.id), "why": type(error).__name__})
            row.delete()
            return "refused"
        row.attempts += 1
        row.due_at = timezone.now() + min(SWEPT_AFTER * 2 ** min(row.attempts - 1, 10), LONGEST_WAIT)
        row.save(update_fields=["attempts", "due_at", "updated_at"])
        logger.warning("mail not sent yet", extra={"mail": str(row.id), "why": type(error).__name__})
        return "later"
    row.delete()
    return "sent"


def _for_good(error: Exception) -> bool:
    """Whether trying again is of no use: the server knows no such address or wants no such mail, or nobody can read it."""
    match error:
        case SMTPRecipientsRefused():
            return all(code >= 500 for code, _why in error.recipients.values())
        case SMTPDataError():
            return error.smtp_code >= 500
        case OSError():
            return False
    return True


def mails_deliver_due(*, now: datetime | None = None, batch: int = 200) -> int:
    """Send what a lost task or a mail server that was away has left; answers how many. Stops where the server is away still."""
    now = now or timezone.now()
    late, _by_model = OutgoingMail.objects.filter(created_at__lt=now - AT_MOST_AFTER).delete()
    if late:
        logger.error("mails given up: the mail server was away for too long", extra={"mails": late})
    sent = 0
    for mail_id in list(OutgoingMail.objects.due(now).order_by("due_at").values_list("id", flat=True)[:batch]):
        outcome = mail_deliver(mail_id=mail_id)
        if outcome == "later":
            break
        sent += outcome == "sent"
    return sent


@transaction.atomic
def mails_forget(*, addresses: list[str]) -> None:
    """Nothing more goes to these addresses: whose they were is gone."""
    OutgoingMail.objects.filter(to__in=addresses).delete()
