"""Environment variables of intake."""

from shared.settings import ServiceSettings


class IntakeSettings(ServiceSettings):
    """Those that every service has, and MASTER_KEY_FILE is needed. Limits and counts are a tenant's, in TENANTS_FILE:

    [longxi.intake.limits]
    accept = "2 working hours"
    normal = "7 days"
    """
