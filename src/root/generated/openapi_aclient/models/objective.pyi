from root.objectives import Objective

__all__ = ["Objective"]
