from root.judges import Judge as JudgeList

__all__ = ["JudgeList"]
