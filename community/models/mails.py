"""Mails on their way out."""

from datetime import datetime
from typing import Self

from django.db import models

from community.models.base import Record


class OutgoingMailQuerySet(models.QuerySet["OutgoingMail"]):
    def due(self, now: datetime) -> Self:
        return self.filter(due_at__lte=now)


class OutgoingMail(Record):
    """A mail that has not been handed to the mail server yet. The row goes when the mail does.

    What it says is stored encrypted: the links in it open accounts.
    """

    to = models.EmailField(max_length=254)
    sealed = models.TextField()
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(help_text="When the sweep looks after it, where no worker has sent it before.")

    objects = OutgoingMailQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="outgoing_mail_due"),
            models.Index(fields=["to"], name="outgoing_mail_to"),
        ]

    def __str__(self) -> str:
        return f"mail {self.id}"
