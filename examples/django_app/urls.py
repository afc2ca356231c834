"""The paths of the project."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("relevance", views.relevance),
    path("async/relevance", views.async_relevance),
]
