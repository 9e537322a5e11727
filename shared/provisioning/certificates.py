"""A certificate authority of the installation's own, and the certificates of its gateway and its brokers.

For an installation that has none from elsewhere. Whoever connects is given `ca.crt`. The gateway takes any other
certificate by putting it in place of `gateway.crt` and `gateway.key`.
"""

import datetime
import ipaddress
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shared.clock import Clock, system_clock
from shared.provisioning.files import write_new

CA_LIFETIME = datetime.timedelta(days=3650)
LIFETIME = datetime.timedelta(days=397)
"""Of a server's certificate. Browsers take no longer ones (CA/Browser Forum, Ballot SC31, until March 2026; ours are not public)."""
_EARLIER = datetime.timedelta(hours=1)  # clocks differ


def make_authority(folder: Path, *, clock: Clock = system_clock) -> bool:
    """`ca.crt` and `ca.key`, if they are not there. True if they were made."""
    if (folder / "ca.crt").exists():
        return False
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Longxi installation authority")])
    now = clock()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_new(folder / "ca.key", _private(key))
    return write_new(folder / "ca.crt", _public(certificate))


def issue(
    folder: Path, name: str, hosts: Sequence[str], *, clock: Clock = system_clock, replace: bool = False
) -> bool:
    """`<name>.crt` (with the authority's behind it), `<name>.key` and `<name>.pem` (key and certificates, for Kafka).

    For the hosts, names or addresses. True if they were made; `replace` makes them anew. Raises OSError, ValueError.
    """
    paths = [folder / f"{name}.{end}" for end in ("key", "crt", "pem")]
    if all(path.exists() for path in paths) and not replace:
        return False
    authority = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
    authority_key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), password=None)
    if not isinstance(authority_key, ec.EllipticCurvePrivateKey):
        raise ValueError("ca.key holds no key of an elliptic curve")
    key = ec.generate_private_key(ec.SECP256R1())
    now = clock()
    until = min(now + LIFETIME, authority.not_valid_after_utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([_alternative(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    chain = _public(certificate) + _public(authority)
    for path, content in zip(paths, (_private(key), chain, _private(key) + chain), strict=True):
        if path.exists():
            path.unlink()
        write_new(path, content)
    return True


def ends(path: Path) -> datetime.datetime:
    """When a certificate ceases to be valid, UTC. Raises OSError, ValueError."""
    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc


def hosts(path: Path) -> list[str]:
    """The names and addresses that a certificate is for. Raises OSError, ValueError."""
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    found = [*names.get_values_for_type(x509.DNSName), *names.get_values_for_type(x509.IPAddress)]
    return [str(name) for name in found]


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


__all__ = ["CA_LIFETIME", "LIFETIME", "ends", "hosts", "issue", "make_authority"]
