"""Pages."""

from django.urls import path

from billing.views import overview

app_name = "billing"

urlpatterns = [
    path("billing/", overview.overview, name="overview"),
    path("billing/balance/", overview.balance, name="balance"),
    path("billing/notice/", overview.notice, name="notice"),
    path("billing/entries.csv", overview.entries_file, name="file"),
]
