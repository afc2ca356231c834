from root.evaluators import EvaluatorCalibrationResult

__all__ = ["EvaluatorCalibrationResult"]
