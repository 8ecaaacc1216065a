"""People's pictures. Each is a file of their personal workspace, checked and scanned like any other, and named by ``User.avatar``."""

from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from community.access import Actor, get_actor
from community.files import content, pictures, staging
from community.models import Membership, StoredFile, User, Workspace
from community.services import files, people
from config.lib import audit
from config.lib.errors import InvalidInput, NotFound, TooLarge, UnsupportedMediaType

MOST_BYTES = 10 * 2**20
# What browsers show and cannot run: no SVG.
TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")


def avatar_set(*, user: User, upload: "UploadedFile[bytes] | None") -> User:
    """Show ``upload`` as the picture of ``user``; the one before is deleted.

    Raises InvalidInput, TooLarge, UnsupportedMediaType (by its content, whatever its name says), Unavailable.
    What is kept is a small square made of it: no place, no camera, no second picture that was in the file.
    """
    if upload is None or not upload.size:
        raise InvalidInput(_("Some fields are not valid."), errors={staging.FIELD: [_("Send an image.")]})
    if upload.size > MOST_BYTES:
        raise TooLarge(
            _("A picture may have up to %(most)d MB.") % {"most": MOST_BYTES // 2**20}, code="file_too_large"
        )
    with staging.staged(upload) as staged:
        if content.mime_of(staged.path, staged.name) not in TYPES:
            raise UnsupportedMediaType(_("Use an image: PNG, JPEG, WebP or GIF."), code="avatar_type")
        picture = pictures.square(staged.path)
    with staging.staged(SimpleUploadedFile("picture.webp", picture, pictures.MIME)) as staged:
        file = files.file_store(actor=_at_home(user), staged=staged)
    return _show(user, reverse("api-avatar", args=[file.id]))


def avatar_remove(*, user: User) -> User:
    """Initials again. Nothing happens where there is no picture."""
    return _show(user, "") if user.avatar else user


def avatar_find(*, user: User, file_id: UUID) -> StoredFile:
    """The picture behind an address, for somebody who works with whom it shows. Raises NotFound, also while it is being checked."""
    shown = User.objects.filter(avatar=reverse("api-avatar", args=[file_id]), is_active=True)
    mine = Membership.objects.filter(user=user, workspace__closed_at=None).values("workspace_id")
    together = Membership.objects.filter(user__in=shown, workspace_id__in=mine)
    file = StoredFile.objects.kept().filter(id=file_id).first()
    if file is None or not file.downloadable or file.mime not in TYPES or not together.exists():
        raise NotFound(_("There is no such picture."))
    return file


@transaction.atomic
def _show(user: User, address: str) -> User:
    locked = User.objects.select_for_update().get(id=user.id)
    before, user.avatar = locked.avatar, address
    user.save(update_fields=["avatar", "updated_at"])
    actor = _at_home(user)
    for file in StoredFile.objects.in_workspace(actor.workspace_id).kept().filter(id__in=_file_ids(before)):
        files.file_delete(actor=actor, file=file)
    audit.record(
        audit.Entry(
            action="person.updated", actor_id=user.id, workspace_id=None, object_type="user", object_id=user.id,
            before={"avatar": before}, after={"avatar": address},
        )
    )  # fmt: skip
    return user


def _file_ids(address: str) -> list[UUID]:
    return [UUID(address.rstrip("/").rpartition("/")[2])] if address else []


def _at_home(user: User) -> Actor:
    home = Workspace.objects.filter(personal_of=user).first()
    if home is None:
        people.person_settle(user=user)
        home = Workspace.objects.get(personal_of=user)
    return get_actor(user, home.id)
