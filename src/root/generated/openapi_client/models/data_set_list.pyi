from root.datasets import DataSetList

__all__ = ["DataSetList"]
