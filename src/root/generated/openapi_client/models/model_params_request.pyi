from root.evaluators import ModelParams as ModelParamsRequest

__all__ = ["ModelParamsRequest"]
