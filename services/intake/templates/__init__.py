"""Answer templates: what a community usually says when it closes a request, by category and outcome."""
