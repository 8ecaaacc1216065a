"""Pages. Sign-up, sign-in and the account's own pages are allauth's, under ``/accounts/``.

``/workspace/`` is the one the person works in; to look at another they switch.
"""

from django.urls import path, re_path

from community.views import (
    addresses,
    audit,
    files,
    inbox,
    invitations,
    languages,
    members,
    notifications,
    settings,
    tokens,
    workspaces,
)

urlpatterns = [
    # In place of allauth's, which come after these (config/urls.py).
    path("accounts/email/", addresses.email, name="account_email"),
    re_path(r"^accounts/confirm-email/(?P<key>[-:\w]+)/$", addresses.confirm_email, name="account_confirm_email"),
    path("language/", languages.language_choose, name="language"),
    path("settings/", settings.profile, name="settings_profile"),
    path("settings/avatar/", settings.avatar, name="settings_avatar"),
    path("settings/avatar/remove/", settings.avatar_remove, name="settings_avatar_remove"),
    path("settings/security/", settings.security, name="settings_security"),
    path("settings/security/end/", settings.sign_in_end_all, name="settings_sign_in_end_all"),
    path("settings/security/end/<uuid:sign_in_id>/", settings.sign_in_end, name="settings_sign_in_end"),
    path("settings/account/", settings.account_delete, name="settings_account"),
    path("notifications/", notifications.notification_list, name="notifications"),
    path("notifications/read-all/", notifications.read_all, name="notifications_read_all"),
    path("notifications/preferences/", notifications.preferences, name="notification_preferences"),
    path("notifications/<uuid:notification_id>/open/", notifications.notification_open, name="notification_open"),
    path("notifications/<uuid:notification_id>/", notifications.notification_change, name="notification_change"),
    path("files/<uuid:file_id>/", files.file_open, name="file_open"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/dismiss/", inbox.dismiss, name="inbox_dismiss"),
    path("inbox/invitations/<uuid:invitation_id>/accept/", invitations.accept, name="invitation_accept_own"),
    path("inbox/invitations/<uuid:invitation_id>/decline/", invitations.decline, name="invitation_decline_own"),
    path("workspaces/new/", workspaces.workspace_new, name="workspace_new"),
    path("workspaces/<uuid:workspace_id>/switch/", workspaces.workspace_switch, name="workspace_switch"),
    path("workspace/", workspaces.workspace_settings, name="workspace_settings"),
    path("workspace/leave/", workspaces.workspace_leave, name="workspace_leave"),
    path("workspace/transfer/", workspaces.workspace_transfer, name="workspace_transfer"),
    path("workspace/delete/", workspaces.workspace_delete, name="workspace_delete"),
    path("workspace/members/", members.member_list, name="workspace_members"),
    path("workspace/members/<uuid:user_id>/role/", members.member_role, name="member_role"),
    path("workspace/members/<uuid:user_id>/remove/", members.member_remove, name="member_remove"),
    path("workspace/invitations/", members.invitation_create, name="invitation_create"),
    path("workspace/invitations/<uuid:invitation_id>/resend/", members.invitation_resend, name="invitation_resend"),
    path("workspace/invitations/<uuid:invitation_id>/revoke/", members.invitation_revoke, name="invitation_revoke"),
    path("workspace/tokens/", tokens.token_list, name="workspace_tokens"),
    path("workspace/tokens/<uuid:token_id>/revoke/", tokens.token_revoke, name="token_revoke"),
    path("workspace/audit/", audit.audit_log, name="workspace_audit"),
    path("invitations/<str:link>/", members.invitation, name="invitation"),
]
