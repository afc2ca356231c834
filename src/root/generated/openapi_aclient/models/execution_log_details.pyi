from root.execution_logs import ExecutionLogDetails

__all__ = ["ExecutionLogDetails"]
