from django.urls import path

from config.ui import palette, styleguide

urlpatterns = [
    path("palette/", palette.palette, name="palette"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
]
