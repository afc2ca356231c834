"""Settings of the project; no database is needed."""

from __future__ import annotations

import os

# In production, both are set.
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "only for experiments")
DEBUG = "DJANGO_SECRET_KEY" not in os.environ
ALLOWED_HOSTS = os.environ.get("DJANGO_ALLOWED_HOSTS", "127.0.0.1,localhost").split(",")
USE_TZ = True
ROOT_URLCONF = "django_app.urls"
MIDDLEWARE = [
    "django_app.errors.RootSignalsErrors",
]
