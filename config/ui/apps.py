from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "config.ui"
    label = "ui"
