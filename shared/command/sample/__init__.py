"""The sample community: invented people and places of a community much like the one that gave the platform its name.

CSV files beside this one, loaded through the HTTP APIs as its head, workers, residents and portals would use them.
"""
