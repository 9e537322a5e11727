"""Use cases of points. Each locks the resident's account first; every change is a posting, its event, and the lots."""
