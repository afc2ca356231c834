from root.datasets import DataSetCreate

__all__ = ["DataSetCreate"]
