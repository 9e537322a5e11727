"""The contracts written out for others: JSON Schemas, one AsyncAPI 3 document, and a page for people.

`python -m shared.contracts.documents` writes them to `docs/events/`; with `--check` it only says whether they are
current. Either way a change that would break a consumer is refused.
"""
