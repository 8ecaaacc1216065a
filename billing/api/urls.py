"""Included under ``/api/v1/``."""

from billing.api import views
from config.lib.routes import api_path

urlpatterns = [
    api_path("credits/balance/", views.BalanceView.as_view(), "api-credits-balance"),
    api_path("credits/history/", views.HistoryView.as_view(), "api-credits-history"),
]
