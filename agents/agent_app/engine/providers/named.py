"""The run's provider of models, which the SDK asks for models by their names."""

from agents import Model, ModelProvider
from django.utils.translation import gettext as _

from agent_app.runs.registry import RunFailure


class NoNamedModels(ModelProvider):
    """Gives none. Every agent of a run brings its model object, which knows its keys, its price and its fallbacks; a name would
    be looked up by the SDK's own provider, whose client takes the operator's key from the environment: unheld, unpaid, unseen.
    """

    def get_model(self, model_name: str | None) -> Model:
        text = _(
            "The agent has no model of its own (it names “%(name)s”). This is a fault of Troupe: please report it."
        )
        raise RunFailure("error", text % {"name": model_name or ""}, code="named_model")
