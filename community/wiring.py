"""What this app puts into the registries of the kernel when Django is ready."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from community import access, adapters, policies, receivers, records, selectors
from community.events import InvitationSent, MemberJoined, MemberLeft, MemberRoleChanged
from community.inbox import Invitations
from community.models import User, Workspace
from community.registry import add_inbox
from community.services import notices, outgoing_mails
from config.lib import audit, events, jobs, secrets, shell
from config.lib.shell import NavItem

# Importing it is its registration.
REGISTERED = (receivers,)


_SETTINGS = (
    NavItem(key="profile", label=_("Profile"), icon="user", route="settings_profile", order=10),
    NavItem(key="email", label=_("E-mail"), icon="mail", route="account_email", order=20),
    NavItem(key="security", label=_("Security"), icon="shield-check", route="settings_security", order=30),
    NavItem(key="account", label=_("Account"), icon="settings", route="settings_account", order=90),
)
_ELSEWHERE = (
    (_("Change password"), "account_change_password", "key-round"),
    (_("Two-factor sign-in"), "mfa_index", "shield-check"),
    (_("Sign out"), "account_logout", "log-out"),
)
_WORKSPACE = (
    (_("Workspace settings"), "workspace_settings", "settings", "workspace.read"),
    (_("Members"), "workspace_members", "users", "member.read"),
    (_("Invite somebody"), "workspace_members", "send", "invitation.write"),
    (_("API tokens"), "workspace_tokens", "key-round", "token.read"),
    (_("Audit log"), "workspace_audit", "file-text", "audit.read"),
    (_("New workspace"), "workspace_new", "plus", "workspace.read"),
)


def register() -> None:
    audit.register(records.write)
    secrets.register(
        secrets.Column("mfa.Authenticator", "data", adapters.TOTP_PURPOSE, ("secret", "seed", "migrated_codes"))
    )
    secrets.register(secrets.Column("community.OutgoingMail", "sealed", outgoing_mails.PURPOSE))
    shell.registry.workspaces = switcher
    shell.registry.add_palette(account_pages)
    for item in _SETTINGS:
        shell.registry.add_settings(item)
    shell.registry.add_palette(workspace_pages)
    shell.registry.add_badge("notifications", notifications_badge)
    shell.registry.add_badge("inbox", selectors.inbox_count)
    shell.registry.add_navigation(
        shell.NavItem(
            key="inbox",
            label=_("Inbox"),
            icon="inbox",
            route="inbox",
            order=90,
            mobile=True,
            count=lambda request: selectors.inbox_count(access.page_actor(request)),
        )
    )
    add_inbox(Invitations())
    events.subscribe(InvitationSent, tell_invited)
    events.subscribe(MemberJoined, tell_inviter)
    events.subscribe(MemberRoleChanged, tell_new_role)
    events.subscribe(MemberLeft, tell_removed)


def tell_invited(event: InvitationSent) -> None:
    """By a worker: the inviter's answer takes as long for an address that nobody here has."""
    jobs.send_on_commit("community.tell_invited", invitation_id=event.invitation_id)


def tell_inviter(event: MemberJoined) -> None:
    notices.joined_tell(workspace_id=event.workspace_id, user_id=event.user_id)


def tell_new_role(event: MemberRoleChanged) -> None:
    notices.role_changed_tell(
        fact_id=event.id, workspace_id=event.workspace_id, user_id=event.user_id, role=event.role,
        changed_by=event.changed_by,
    )  # fmt: skip


def tell_removed(event: MemberLeft) -> None:
    notices.removed_tell(
        fact_id=event.id, workspace_id=event.workspace_id, user_id=event.user_id, removed_by=event.removed_by
    )


def notifications_badge(actor: access.Actor) -> int:
    return selectors.unread_count(actor.id)


def account_pages(request: HttpRequest, query: str) -> list[shell.PaletteEntry]:
    """The pages of one's account, as far as they match what was typed."""
    tabs = [(item.label, item.route, item.icon) for item in shell.registry.settings.values()]
    return [
        shell.PaletteEntry(label=label, url=reverse(route), icon=icon, group=_("Account"))
        for label, route, icon in (*tabs, *_ELSEWHERE)
        if query.strip().lower() in str(label).lower()
    ]


def workspace_pages(request: HttpRequest, query: str) -> list[shell.PaletteEntry]:
    """The pages of the current workspace that the person's role opens, as far as they match what was typed."""
    actor = access.page_actor(request)
    return [
        shell.PaletteEntry(label=label, url=reverse(route), icon=icon, group=_("Workspace"))
        for label, route, icon, action in _WORKSPACE
        if actor.allows(action) and query.strip().lower() in str(label).lower()
    ]


def switcher(request: HttpRequest) -> dict[str, Any] | None:
    """The workspaces of the signed-in person for the switcher, their current one marked. One query."""
    if not isinstance(request.user, User):
        return None
    current = access.page_actor(request).workspace_id
    rows = Workspace.objects.with_role_of(request.user.id).order_by("created_at")
    entries = [
        {
            "id": workspace.id,
            "name": workspace.name,
            "role": workspace.role,  # type: ignore[attr-defined]  # annotated
            "personal": workspace.personal_of_id is not None,
            "current": workspace.id == current,
            "manages": policies.allows(workspace.role, "audit.read"),  # type: ignore[attr-defined]
            "url": reverse("workspace_switch", args=[workspace.id]),
        }
        for workspace in rows
    ]
    return {"all": entries, "current": next((entry for entry in entries if entry["current"]), None)}
