"""Templates and expressions that people write: a small part of Jinja, without access to Python.

``syntax`` says what is allowed and which variables are read, ``language`` is the whole meaning, ``pool`` runs what needs
more than a lookup in limited processes. Nothing here knows a model or a setting.
"""

from agent_app.expressions.pool import evaluate, render, render_value
from agent_app.expressions.problems import ExpressionError
from agent_app.expressions.syntax import check_expression, check_template, paths_of

__all__ = [
    "ExpressionError",
    "check_expression",
    "check_template",
    "evaluate",
    "paths_of",
    "render",
    "render_value",
]
