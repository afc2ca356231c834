from root.objectives import ObjectiveList

__all__ = ["ObjectiveList"]
