from django.apps import AppConfig


class CommunityConfig(AppConfig):
    name = "community"
    label = "community"

    def ready(self) -> None:
        from community import wiring

        wiring.register()
