"""The in-app inbox: everything a person was told, in their language."""
