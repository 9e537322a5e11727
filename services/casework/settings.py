"""Environment variables of casework."""

from shared.settings import ServiceSettings


class CaseworkSettings(ServiceSettings):
    """Only what every service has, and MASTER_KEY_FILE is needed: efforts, caps and skills are a tenant's, in TENANTS_FILE."""
