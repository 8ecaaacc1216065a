"""Pages. Sign-up, sign-in and the account's own pages are allauth's, under ``/accounts/``."""

from django.urls import path

from community.views import inbox, notifications, workspaces

urlpatterns = [
    path("notifications/", notifications.notification_list, name="notifications"),
    path("notifications/read-all/", notifications.read_all, name="notifications_read_all"),
    path("notifications/preferences/", notifications.preferences, name="notification_preferences"),
    path("notifications/<uuid:notification_id>/open/", notifications.notification_open, name="notification_open"),
    path("notifications/<uuid:notification_id>/", notifications.notification_change, name="notification_change"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/dismiss/", inbox.dismiss, name="inbox_dismiss"),
    path("workspaces/<uuid:workspace_id>/switch/", workspaces.workspace_switch, name="workspace_switch"),
]
