from root.judges import Judge

__all__ = ["Judge"]
