from root.evaluators import EvaluatorDemonstration as EvaluatorDemonstrationsRequest

__all__ = ["EvaluatorDemonstrationsRequest"]
