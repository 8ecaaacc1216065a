"""People."""

from functools import cache
from typing import Any, ClassVar, Self
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from community import handles
from community.models.base import Record

handle_validator = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$", _("Use 1 to 40 lower-case letters, digits and hyphens.")
)


@cache
def _timezones() -> set[str]:
    """Asking for them walks through the system's files."""
    return available_timezones()


def known_timezone(value: str) -> None:
    if value not in _timezones():
        raise ValidationError(_("This is no time zone we know, like Europe/Paris."), code="timezone")


def known_language(value: str) -> None:
    if value not in dict(settings.LANGUAGES):
        raise ValidationError(_("This language is not offered."), code="language")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """For ``manage.py createsuperuser``. The personal workspace is made when they first sign in."""
        fields.setdefault("handle", handles.random_candidate(fields.get("name", ""), email))
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin, Record):
    """A person, known by e-mail to the sign-in and by handle to other people."""

    email = models.EmailField(_("e-mail address"), max_length=254)
    handle = models.CharField(max_length=handles.MAX_LENGTH, validators=[handle_validator, handles.check_not_reserved])
    name = models.CharField(_("name"), max_length=120, blank=True)
    avatar = models.CharField(max_length=200, blank=True)
    bio = models.TextField(max_length=2000, blank=True)
    language = models.CharField(max_length=12, blank=True, validators=[known_language])
    timezone = models.CharField(max_length=64, default="UTC", validators=[known_timezone])
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    generation = models.PositiveIntegerField(default=0, help_text=_("Raised to end every sign-in there is."))
    deleted_at = models.DateTimeField(null=True, blank=True)
    current_workspace = models.ForeignKey(
        "community.Workspace", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["email"], name="user_email_unique"),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_lower"),
            models.UniqueConstraint(fields=["handle"], name="user_handle_unique"),
            models.CheckConstraint(condition=models.Q(handle=Lower("handle")), name="user_handle_lower"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        if self.deleted_at is not None:
            return gettext("Deleted person")
        return self.name or self.handle

    @property
    def credential_stamp(self) -> str:
        """Changes with the password and the generation. Tokens carry it, so that both end them all without a list of tokens."""
        return self.get_session_auth_hash()[:16]

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django's hook for what every session is checked against: the password, and here the generation as well."""
        value = f"{self.password}.{self.generation}"
        return salted_hmac("community.User.session", value, secret=secret, algorithm="sha256").hexdigest()

    @classmethod
    def from_email(cls, email: str, name: str) -> Self:
        """A person who is not saved yet, their address in the one form in which addresses are stored."""
        return cls(email=email.strip().lower(), name=" ".join(name.split()))
