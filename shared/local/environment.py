"""The environment variables of each process of an embedded platform, and the servers that stand in for the world."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from shared.database.provision import Access
from shared.local.layout import Stack
from shared.local.processes import Program
from shared.security.local_issuer import LocalIssuer
from shared.testing.sms_gateway import KEY_ID, KEY_SECRET

Ports = Mapping[str, int]


def service_environment(
    service: str,
    stack: Stack,
    access: Access,
    issuer: LocalIssuer,
    *,
    ports: Ports,
    master_key_file: Path,
    receipts_secret: str,
) -> Mapping[str, str]:
    """What one service's processes are told."""
    log = (
        {"KAFKA_BOOTSTRAP_SERVERS": stack.kafka_bootstrap_servers}
        if stack.kafka_bootstrap_servers
        else {"LOCAL_LOG_URL": str(stack.local_log_url)}
    )
    issuers = [{"issuer": issuer.issuer, "jwks_file": str(issuer.jwks_file)}]
    return {
        **log,
        **{f"{name.upper()}_URL": url for name, url in stack.urls.items()},
        "MODE": "development",
        "DATABASE_URL": access.url,
        "DATABASE_OWNER_URL": access.owner_url,
        "OIDC_ISSUERS": json.dumps(issuers),
        "SERVICE_KEY_FILE": str(issuer.key_file),
        "MASTER_KEY_FILE": str(master_key_file),
        "HOST": "127.0.0.1",
        "PORT": str(ports[f"{service}-api"]),
        "WORKER_PORT": str(ports[f"{service}-worker"]),
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "INFO"),
        **(_notifications(ports, receipts_secret) if service == "notifications" else {}),
        # Beside the key file, in the platform's folder.
        **(
            {"ATTACHMENTS_FOLDER": str(master_key_file.parent.parent / "attachments")}
            if service == "intake"
            else {}
        ),
    }


def mail_server(ports: Ports, journal: Path) -> Program:
    """A mail server that keeps what it gets and shows it on a page."""
    words = ["--port", str(ports["mail"]), "--http-port", str(ports["mail-page"]), "--journal", str(journal)]
    return Program("mail", [sys.executable, "-m", "shared.testing.smtp_server", *words])


def sms_gateway(ports: Ports, stack: Stack, receipts_secret: str, journal: Path) -> Program:
    """An SMS provider that speaks Aliyun's protocol and reports every message as delivered."""
    receipts = f"{stack.urls['notifications']}/v1/receipts/aliyun/{receipts_secret}"
    words = ["--port", str(ports["sms"]), "--receipts", receipts, "--journal", str(journal)]
    return Program("sms", [sys.executable, "-m", "shared.testing.sms_gateway", *words])


def _notifications(ports: Ports, receipts_secret: str) -> Mapping[str, str]:
    return {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(ports["mail"]),
        "SMTP_SECURITY": "none",
        "SMS_ENDPOINT": f"http://127.0.0.1:{ports['sms']}",
        "SMS_KEY_ID": KEY_ID,
        "SMS_KEY_SECRET": KEY_SECRET,
        "RECEIPTS_SECRET": receipts_secret,
    }
