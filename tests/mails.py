"""Mails as tests look at them: those that a worker would have sent by now."""

from collections import UserList
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from community.services import outgoing_mails


class Mailbox(UserList[Any]):
    """Django's list of sent mails. Whoever looks into it has the waiting ones sent first."""

    def __init__(self) -> None:
        """The list is Django's; there is none to make."""

    @property
    def data(self) -> list[Any]:  # type: ignore[override]
        outgoing_mails.mails_deliver_due(now=timezone.now() + timedelta(hours=1))
        return mail.outbox


@pytest.fixture
def mailoutbox(_dj_autoclear_mailbox: None) -> Mailbox:
    """In place of pytest-django's."""
    return Mailbox()
