"""Every event of the platform: the one thing that all services know in common.

A module for each owner (`intake`, `casework`, `employment`, `notifications`, `district`); `catalogue` lists
them all. This package imports nothing else of the project, so anyone may depend on it.
"""
