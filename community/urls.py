"""Pages. Sign-up, sign-in and the account's own pages are allauth's, under ``/accounts/``."""

from django.urls import path

from community.views import workspaces

urlpatterns = [
    path("workspaces/<uuid:workspace_id>/switch/", workspaces.workspace_switch, name="workspace_switch"),
]
