"""Registering people and changing what they say about themselves."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from community import handles, languages
from community.constraints import violated_constraint
from community.events import PersonRegistered
from community.models import User
from community.services import workspaces
from config.lib import audit, events
from config.lib.errors import Conflict, InvalidInput

EDITABLE = ("name", "handle", "bio", "language", "timezone")


class EmailTaken(InvalidInput):
    """Somebody has this address. Interfaces decide how much of that they tell."""

    code = "email_taken"

    def __init__(self) -> None:
        message = gettext_lazy("A person with this e-mail address is registered already.")
        super().__init__(message, errors={"email": [message]})


def person_register(*, email: str, password: str, name: str) -> User:
    """A new person with their personal workspace, known by ``email`` (not verified yet). Raises InvalidInput, EmailTaken."""
    user = User.from_email(email, name)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput(_("Some fields are not valid."), errors={"password": error.messages}) from error
    user.set_password(password)  # before the transaction: hashing takes long on purpose
    with transaction.atomic():
        person_add(user=user)
        EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)
    return user


@transaction.atomic
def person_add(*, user: User) -> User:
    """Save ``user``, who is new, with a free handle and a personal workspace they own. Raises EmailTaken.

    Sign-up pages and sign-in through other sites bring a person prepared by allauth here; ``person_register`` comes by
    as well, so that nobody exists without a workspace.
    """
    user.language = user.language or languages.of_newcomer()
    _save_with_free_handle(user)
    workspaces.workspace_create(owner=user, name="", personal=True)
    audit.record(
        audit.Entry(
            action="person.registered",
            actor_id=user.id,
            workspace_id=user.current_workspace_id,
            object_type="user",
            object_id=user.id,
            after={"handle": user.handle},
        )
    )
    events.publish(PersonRegistered(user.id))
    return user


def person_rehearse(*, user: User) -> None:
    """The work of adding ``user``, of which nothing stays but the handle they would have had.

    For a taken address: whoever asks must not read from the time an answer takes that it is one.
    """
    email, user.email = user.email, f"{user.id.hex}@rehearsal.invalid"
    user.set_unusable_password()
    with transaction.atomic():
        person_add(user=user)
        EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)
        transaction.set_rollback(True)
    user.email, user.current_workspace = email, None


def _save_with_free_handle(user: User) -> None:
    """Insert, and on a taken handle insert again: the unique constraint decides, so two people never race for a name."""
    for handle in handles.candidates(user.name, user.email):
        user.handle = handle
        user.clean_fields()
        try:
            with transaction.atomic():
                user.save(force_insert=True)
        except IntegrityError as error:
            match violated_constraint(error):
                case "user_email_unique":
                    raise EmailTaken from error
                case "user_handle_unique":
                    continue
            raise
        return
    raise Conflict(_("No free handle was found for this name. Try another name."))


@transaction.atomic
def person_settle(*, user: User) -> User:
    """Give ``user`` a personal workspace where they have none: staff made on the command line come without."""
    locked = User.objects.select_for_update().get(id=user.id)
    if not workspaces.workspace_has_personal(user_id=locked.id):
        workspaces.workspace_create(owner=locked, name="", personal=True)
    user.current_workspace_id = locked.current_workspace_id
    return user


@transaction.atomic
def person_update(*, user: User, changes: dict[str, Any]) -> User:
    """Change what ``user`` says about themselves (the fields in EDITABLE) and, by ``current_workspace_id``, where they work.

    Raises InvalidInput, NotFound (no workspace of theirs).
    """
    if (workspace_id := changes.get("current_workspace_id")) is not None:
        workspaces.workspace_switch(user=user, workspace_id=workspace_id)
    if "name" in changes:  # one line, as when they signed up: it stands in subjects of mails
        changes = {**changes, "name": " ".join(changes["name"].split())}
    changed = [field for field in EDITABLE if field in changes and changes[field] != getattr(user, field)]
    if not changed:
        return user
    before = {field: getattr(user, field) for field in changed}
    for field in changed:
        setattr(user, field, changes[field])
    user.clean_fields()
    try:
        with transaction.atomic():
            user.save(update_fields=[*changed, "updated_at"])
    except IntegrityError as error:
        if violated_constraint(error) != "user_handle_unique":
            raise
        raise InvalidInput(
            _("Some fields are not valid."), code="handle_taken", errors={"handle": [_("Somebody has this handle.")]}
        ) from error
    audit.record(
        audit.Entry(
            action="person.updated",
            actor_id=user.id,
            workspace_id=None,
            object_type="user",
            object_id=user.id,
            before=before,
            after={field: changes[field] for field in changed},
        )
    )
    return user
