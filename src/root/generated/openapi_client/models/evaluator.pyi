from root.evaluators import Evaluator

__all__ = ["Evaluator"]
