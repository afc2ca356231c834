from root.judges import JudgeExecutionResponse

__all__ = ["JudgeExecutionResponse"]
