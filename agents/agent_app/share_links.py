"""The public addresses of shared conversations: a row's id with a signature nobody can guess, which is stored nowhere."""

from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.urls import reverse

from agent_app.models import Share
from config.lib.ids import parse_uuid

_SIGNER = Signer(salt="troupe.conversation.share", sep=".")


def address(share: Share) -> str:
    """The path of the public page."""
    return reverse("agents:shared", args=[_SIGNER.sign(share.id.hex)])


def share_id(link: str) -> UUID | None:
    """Which share a link stands for, whether or not there still is one; None for what nobody has signed."""
    try:
        return parse_uuid(_SIGNER.unsign(link))
    except BadSignature:
        return None
