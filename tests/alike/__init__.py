"""Duplicates and hot spots on real messages, which are no part of the repository: what is found, and how right it is.

`python -m tests.alike commonness | duplicates | hot-spots` reads the folder that LONGXI_DATA names, by default the folder
`shared/data` beside the repository, and writes `services/intake/duplicates/commonness.txt` or the page in docs/figures.
What is written holds pairs of characters, ids, numbers and the publisher's codes of places; no sentence of anybody's.
"""
