from root.generated._records import ReferenceVariableRequest

__all__ = ["ReferenceVariableRequest"]
