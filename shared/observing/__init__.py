"""What a process says about itself: log lines (`logs`), traces (`trace`, `spans`) and numbers (`metrics`)."""

from shared.observing.logs import about, configure, get_logger

__all__ = ["about", "configure", "get_logger"]
