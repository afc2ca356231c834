from root.execution_logs import ExecutionLogList

__all__ = ["ExecutionLogList"]
