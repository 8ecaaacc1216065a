"""Every address."""

from django.contrib import admin
from django.urls import include, path

from config import views
from config.api import api_root
from config.lib.routes import api_path
from config.ui.home import home

handler400 = "config.views.bad_request"
handler403 = "config.views.permission_denied"
handler404 = "config.views.page_not_found"
handler429 = "config.views.too_many_requests"  # allauth's name for it
handler500 = "config.views.server_error"

urlpatterns = [
    path("", views.root(page=home, api=api_root), name="home"),
    path("api/", include("config.api")),
    path("", include("community.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("", include("billing.urls")),
    path("", include("agent_app.urls")),
    path("", include("config.ui.urls")),
    api_path("health/", views.alive, "health"),
    api_path("health/live/", views.alive, "health-live"),
    api_path("health/ready/", views.ready, "health-ready"),
]
