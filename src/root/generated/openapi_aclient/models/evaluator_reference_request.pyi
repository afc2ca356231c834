from root.judges import EvaluatorReference as EvaluatorReferenceRequest

__all__ = ["EvaluatorReferenceRequest"]
