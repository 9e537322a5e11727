"""Erasures (删除): what was destroyed of a person, and the certificate that says so."""
