"""Signed addresses of downloads: good for one file, one person, one workspace, for five minutes."""

from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.urls import reverse
from django.utils.translation import gettext as _

from community.access import Actor
from community.models import FileStatus, StoredFile
from config.lib.errors import Conflict, Forbidden

LIFETIME = 300
_SIGNER = TimestampSigner(salt="troupe.files.download")


def _subject(actor: Actor, file: StoredFile) -> str:
    return f"{file.id.hex}.{actor.id.hex}.{actor.workspace_id.hex}"


def download_url(actor: Actor, file: StoredFile) -> str:
    """Where ``actor`` may fetch the file for the next minutes. Whoever else comes with this address is refused."""
    signature = _SIGNER.sign(_subject(actor, file)).partition(":")[2]
    return f"{reverse('api-file-content', args=[file.id])}?signature={signature}"


def check(actor: Actor, file: StoredFile, signature: str) -> None:
    """Raises Forbidden unless ``signature`` was made for this file and this person a moment ago; Conflict for what is not clean."""
    try:
        _SIGNER.unsign(f"{_subject(actor, file)}:{signature}", max_age=LIFETIME)
    except SignatureExpired as error:
        raise Forbidden(_("This link has expired. Open the file again."), code="link_expired") from error
    except BadSignature as error:
        raise Forbidden(_("This link is not valid. Open the file again."), code="link_invalid") from error
    if file.status == FileStatus.PENDING:
        raise Conflict(
            _("This file is still being checked for viruses. Try again in a moment."),
            code="file_pending", headers={"Retry-After": "10"},
        )  # fmt: skip
    if file.status == FileStatus.INFECTED:
        raise Conflict(_("A virus was found in this file, so it cannot be downloaded."), code="file_infected")
