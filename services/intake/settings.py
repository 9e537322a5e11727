"""Environment variables of intake."""

from pathlib import Path
from typing import Self

from pydantic import SecretStr, model_validator

from shared.settings import ServiceSettings


class IntakeSettings(ServiceSettings):
    """Those that every service has, and MASTER_KEY_FILE is needed. Limits and counts are a tenant's, in TENANTS_FILE:

    [longxi.intake.limits]
    accept = "2 working hours"
    normal = "7 days"
    """

    open311_url: str | None = None
    """Address of the Open311 endpoint as clients reach it, `https://…/open311/v2`, for its discovery; without it that of the call."""
    open311_contact: str = "请联系社区居委会。 Please ask the community's office."
    """Whom developers of Open311 clients can ask, for the discovery."""
    attachments_folder: Path | None = None
    """Folder of the attachments, encrypted; every process of intake needs it. Without it and without S3 nothing can be attached."""
    attachments_s3_bucket: str | None = None
    """Bucket of the attachments, instead of the folder."""
    attachments_s3_endpoint: str | None = None
    """Address of an S3 service other than AWS."""
    attachments_s3_region: str | None = None
    """Its region."""
    attachments_s3_key_id: str | None = None
    """Access key; without it what the machine itself may."""
    attachments_s3_secret: SecretStr | None = None
    """Secret of the access key."""

    @model_validator(mode="after")
    def _stores_once(self) -> Self:
        if self.attachments_folder is not None and self.attachments_s3_bucket is not None:
            raise ValueError("set ATTACHMENTS_FOLDER or ATTACHMENTS_S3_BUCKET, not both")
        return self
