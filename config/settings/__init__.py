"""Django settings: the base and one file per concern. Values that differ between installations come from ``config.env``."""

from config.settings.base import *
from config.settings.api import *
from config.settings.assets import *
from config.settings.auth import *
from config.settings.celery import *
from config.settings.files import *
from config.settings.logging import *
from config.settings.models import *
from config.settings.runs import *
from config.settings.security import *
