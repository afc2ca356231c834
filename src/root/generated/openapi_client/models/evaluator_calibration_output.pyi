from root.evaluators import EvaluatorCalibrationOutput

__all__ = ["EvaluatorCalibrationOutput"]
