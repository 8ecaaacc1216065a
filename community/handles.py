"""How a person's handle is made: readable, in the shape of a URL segment, and never a word that routes need. Pure."""

import secrets
from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _

MAX_LENGTH = 40
_SUFFIX_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # pragma: allowlist secret

# Literal segments that stand where a handle may stand (/users/me, /@settings …), and names that would mislead people.
RESERVED = frozenset(
    """
    about account accounts admin administrator anonymous api api-keys app audit billing blog community contact credits
    docs everyone explore feed files health help home inbox invitations legal listings login logout me members messages
    models moderator new notifications null official owner people plans privacy profile providers root runs search security
    settings signin signout signup staff status support system team terms threads tokens troupe undefined user users
    webhooks workflows workspace workspaces you
    """.split()  # noqa: SIM905  # thirty lines of quotes would be harder to read
)


def check_not_reserved(handle: str) -> None:
    """Raises ValidationError for a reserved handle."""
    if handle.lower() in RESERVED:
        raise ValidationError(_("This handle is reserved."), code="reserved")


def base(name: str, email: str) -> str:
    """The handle that suits a person best, whether or not it is free.

    From the name where there is one; else from the part of the address before the ``@``.
    """
    text = slugify(name) or slugify(email.partition("@")[0].partition("+")[0].replace(".", "-")) or "person"
    return text.replace("_", "-")[: MAX_LENGTH - 9].strip("-") or "person"


def random_candidate(name: str, email: str, length: int = 4) -> str:
    suffix = "".join(secrets.choice(_SUFFIX_ALPHABET) for _position in range(length))
    return f"{base(name, email)}-{suffix}"


def candidates(name: str, email: str) -> Iterator[str]:
    """Handles to try, best first; the last ones cannot all be taken."""
    best = base(name, email)
    if best not in RESERVED:
        yield best
    for length in (4, 4, 6, 8, 8):
        yield random_candidate(name, email, length)
