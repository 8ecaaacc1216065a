"""Included under ``/api/v1/``."""

from community.api import (
    addresses,
    audit,
    auth,
    files,
    inbox,
    invitations,
    notifications,
    people,
    schema,
    second_factor,
    sign_ins,
    tokens,
    workspaces,
)
from config.lib.routes import api_path

# Importing it tells drf-spectacular about our authenticators; here, so that processes without URLs never load it.
REGISTERED = (schema,)

urlpatterns = [
    api_path("auth/register/", auth.RegisterView.as_view(), "api-auth-register"),
    api_path("auth/login/", auth.LoginView.as_view(), "api-auth-login"),
    api_path("auth/mfa/", auth.MfaView.as_view(), "api-auth-mfa"),
    api_path("auth/refresh-token/", auth.RefreshView.as_view(), "api-auth-refresh"),
    api_path("auth/logout/", auth.LogoutView.as_view(), "api-auth-logout"),
    api_path("auth/verify-email/", addresses.VerifyEmailView.as_view(), "api-auth-verify-email"),
    api_path("auth/password-reset/", addresses.PasswordResetView.as_view(), "api-auth-password-reset"),
    api_path(
        "auth/password-reset/confirm/", addresses.PasswordResetConfirmView.as_view(), "api-auth-password-reset-confirm"
    ),
    api_path("files/", files.FilesView.as_view(), "api-files"),
    api_path("files/upload/", files.UploadView.as_view(), "api-files-upload"),
    api_path("files/<uuid:file_id>/", files.FileView.as_view(), "api-file"),
    api_path("files/<uuid:file_id>/content/", files.FileContentView.as_view(), "api-file-content"),
    api_path("notifications/", notifications.NotificationsView.as_view(), "api-notifications"),
    api_path("notifications/read-all/", notifications.ReadAllView.as_view(), "api-notifications-read-all"),
    api_path("notifications/preferences/", notifications.PreferencesView.as_view(), "api-notification-preferences"),
    api_path("notifications/<uuid:notification_id>/", notifications.NotificationView.as_view(), "api-notification"),
    api_path("inbox/", inbox.InboxView.as_view(), "api-inbox"),
    api_path("inbox/dismiss/", inbox.DismissView.as_view(), "api-inbox-dismiss"),
    api_path("users/me/", people.MeView.as_view(), "api-me"),
    api_path("users/me/password/", sign_ins.PasswordView.as_view(), "api-password"),
    api_path("users/me/confirm/", second_factor.ConfirmView.as_view(), "api-confirm"),
    api_path("users/me/second-factor/", second_factor.SecondFactorView.as_view(), "api-second-factor"),
    api_path("users/me/second-factor/totp/", second_factor.TotpView.as_view(), "api-totp"),
    api_path("users/me/second-factor/totp/confirm/", second_factor.TotpConfirmView.as_view(), "api-totp-confirm"),
    api_path("users/me/second-factor/recovery-codes/", second_factor.RecoveryCodesView.as_view(), "api-recovery-codes"),
    api_path("users/me/email/", addresses.AddressView.as_view(), "api-email"),
    api_path("users/me/email/resend/", addresses.AddressResendView.as_view(), "api-email-resend"),
    api_path("users/me/sign-ins/", sign_ins.SignInsView.as_view(), "api-sign-ins"),
    api_path("users/me/sign-ins/<uuid:sign_in_id>/", sign_ins.SignInView.as_view(), "api-sign-in"),
    api_path("users/me/invitations/", invitations.MyInvitationsView.as_view(), "api-my-invitations"),
    api_path(
        "users/me/invitations/<uuid:invitation_id>/accept/",
        invitations.MyInvitationAcceptView.as_view(),
        "api-my-invitation-accept",
    ),
    api_path(
        "users/me/invitations/<uuid:invitation_id>/decline/",
        invitations.MyInvitationDeclineView.as_view(),
        "api-my-invitation-decline",
    ),
    api_path("workspaces/", workspaces.WorkspacesView.as_view(), "api-workspaces"),
    api_path("workspaces/<uuid:workspace_id>/", workspaces.WorkspaceView.as_view(), "api-workspace"),
    api_path("workspaces/<uuid:workspace_id>/leave/", workspaces.LeaveView.as_view(), "api-workspace-leave"),
    api_path("workspaces/<uuid:workspace_id>/transfer/", workspaces.TransferView.as_view(), "api-workspace-transfer"),
    api_path("workspaces/<uuid:workspace_id>/members/", workspaces.MembersView.as_view(), "api-members"),
    api_path("workspaces/<uuid:workspace_id>/members/<uuid:user_id>/", workspaces.MemberView.as_view(), "api-member"),
    api_path("workspaces/<uuid:workspace_id>/invitations/", invitations.InvitationsView.as_view(), "api-invitations"),
    api_path(
        "workspaces/<uuid:workspace_id>/invitations/<uuid:invitation_id>/",
        invitations.InvitationView.as_view(),
        "api-invitation",
    ),
    api_path(
        "workspaces/<uuid:workspace_id>/invitations/<uuid:invitation_id>/resend/",
        invitations.InvitationResendView.as_view(),
        "api-invitation-resend",
    ),
    api_path("invitations/accept/", invitations.InvitationAcceptView.as_view(), "api-invitation-accept"),
    api_path("tokens/", tokens.TokensView.as_view(), "api-tokens"),
    api_path("tokens/<uuid:token_id>/", tokens.TokenView.as_view(), "api-token"),
    api_path("audit/", audit.AuditView.as_view(), "api-audit"),
]
