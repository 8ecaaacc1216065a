"""Staff's view of people, workspaces and what was done."""

from typing import Any
from uuid import UUID

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from community.models import AuditEntry, Membership, User, Workspace
from config.lib.errors import Forbidden

# One door: the admin's own sign-in form knows neither the second step nor the limits of ours.
_secured_login = secure_admin_login(admin.site.login)


class StaffOnly(Forbidden):
    title = gettext_lazy("This part is for staff")


def _login(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """Somebody who is signed in and no staff gets an answer, not a second sign-in form."""
    if request.user.is_authenticated and not (request.user.is_active and request.user.is_staff):
        raise StaffOnly(
            _("You are signed in as %(email)s, who may not open the admin. Sign in as somebody of the staff.")
            % {"email": request.user.email}
        )
    answer: HttpResponse = _secured_login(request, extra_context)
    return answer


admin.site.login = _login  # type: ignore[method-assign]


def staff_id(request: HttpRequest) -> UUID:
    """Who of the staff asks, for what services record."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user.id


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """For what staff look at but do not write here: changes go through services, which also record them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ("email", "handle", "name", "is_active", "is_staff", "created_at", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "handle", "name", "id")
    exclude = ("password",)


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Membership
    extra = 0
    fields = ("user", "role", "created_at")
    readonly_fields = fields
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Workspace)
class WorkspaceAdmin(ReadOnlyAdmin):
    list_display = ("name", "email", "personal_of", "created_at", "closed_at")
    list_select_related = ("personal_of",)
    search_fields = ("name", "email", "id")
    inlines = (MembershipInline,)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "action", "object_type", "object_id", "actor_id", "workspace_id", "ip", "request_id")
    list_filter = ("action",)
    search_fields = ("actor_id", "workspace_id", "object_id", "request_id")
    ordering = ("-id",)
    show_full_result_count = False
