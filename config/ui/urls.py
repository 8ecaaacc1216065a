from django.urls import path

from config.ui import styleguide

urlpatterns = [path("styleguide/", styleguide.styleguide, name="styleguide")]
