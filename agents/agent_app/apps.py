from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "agent_app"
    label = "agents"

    def ready(self) -> None:
        from agent_app import wiring

        wiring.register()
