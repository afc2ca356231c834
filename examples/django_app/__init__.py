"""A Django project with a sync view and an async one, which evaluate answers."""
