from root.judges import EvaluatorReference

__all__ = ["EvaluatorReference"]
