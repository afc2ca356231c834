from root.models import Model as ModelList

__all__ = ["ModelList"]
