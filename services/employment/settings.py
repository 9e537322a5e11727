"""Environment variables of employment."""

from shared.settings import ServiceSettings


class EmploymentSettings(ServiceSettings):
    """Only what every service has: weights and numbers of the matching are a tenant's, in TENANTS_FILE."""
