from root.judges import JudgeGeneratorResponse

__all__ = ["JudgeGeneratorResponse"]
