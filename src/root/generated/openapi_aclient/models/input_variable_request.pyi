from root.evaluators import InputVariable as InputVariableRequest

__all__ = ["InputVariableRequest"]
