import json
import ssl
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from shared.database import Keyring
from shared.provisioning import certificates
from shared.provisioning.files import hand_over, new_secret, write_new
from shared.provisioning.secrets import Hosts, check, init, renew, required
from shared.security.signing import SigningKey
from shared.testing.clock import FrozenClock
from shared.weakness import weakness

NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_that_an_installation_needs_is_made_and_is_good(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    report = init(folder, Hosts(), trial=True)

    assert not report.kept
    assert set(required()) <= set(contents(folder))
    assert check(folder).wrong == []
    for name in ("intake", "casework", "notifications"):
        Keyring.load(folder / "keys" / f"{name}-master-keys.json")
    SigningKey.load(folder / "keys" / "service-key.json")
    (issuer,) = json.loads((folder / "keys" / "issuers.json").read_text())
    assert issuer["issuer"] == "longxi-trial"


def test_what_is_there_is_never_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    init(folder, Hosts(), trial=False)
    before = contents(folder)

    report = init(folder, Hosts(), trial=False)

    assert report.made == []
    assert contents(folder) == before


def test_one_that_is_missing_is_made_and_the_others_stay(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    init(folder, Hosts(), trial=False)
    before = contents(folder)
    (folder / "kafka-intake-password").unlink()
    assert check(folder).wrong == ["kafka-intake-password is missing"]

    assert init(folder, Hosts(), trial=False).made == ["kafka-intake-password"]

    after = contents(folder)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"kafka-intake-password"}


def test_no_issuer_of_our_own_where_it_is_not_tried_out(tmp_path: Path) -> None:
    init(tmp_path / "secrets", Hosts(), trial=False)

    assert json.loads((tmp_path / "secrets/keys/issuers.json").read_text()) == []
    assert not (tmp_path / "secrets/keys/trial-issuer/signing-key.json").exists()


def test_only_the_group_reads_them(tmp_path: Path) -> None:
    import os  # noqa: PLC0415

    folder = tmp_path / "secrets"
    init(folder, Hosts(), trial=True)
    assert hand_over(folder, os.getgid())

    for path in folder.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o750 if path.is_dir() else 0o640), f"{path}: {oct(mode)}"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("redis-password", "changeme", "redis-password has fewer than 16 characters"),
        ("redis-password", "", "redis-password is empty"),
        ("intake-database-url", "postgresql://longxi_intake@postgres/x", "intake-database-url is empty"),
        ("keys/service-key.json", "{}", "keys/service-key.json cannot be read"),
        ("tls/gateway.crt", "no certificate", "tls/gateway.crt cannot be read"),
        ("tls/gateway.key", "no key", "tls/gateway.key holds no private key"),
    ],
)
def test_what_is_weak_or_broken_is_named_and_not_quoted(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    folder = tmp_path / "secrets"
    init(folder, Hosts(), trial=False)
    (folder / name).write_text(content)

    (wrong,) = check(folder).wrong

    assert wrong.startswith(said)
    assert not content or content not in wrong


def test_certificates_that_end_soon_are_said_and_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    clock = FrozenClock(NOW)
    init(folder, Hosts(), trial=False, clock=clock)
    assert check(folder, clock=clock).wrong == []

    clock.advance(timedelta(days=370))
    names = {line.split()[0] for line in check(folder, clock=clock).wrong}
    assert names == {"tls/gateway.crt", "tls/kafka.pem"}

    renew(folder, [], clock=clock)
    assert check(folder, clock=clock).wrong == []
    clock.advance(timedelta(days=3650))
    assert any(line.startswith("tls/ca.crt ended") for line in check(folder, clock=clock).wrong)


def test_a_certificate_that_is_made_anew_keeps_its_names_and_takes_more(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    init(folder, replace(Hosts(), public=("longxi.example", "10.1.2.3")), trial=False)
    before = (folder / "tls/kafka.pem").read_bytes()

    renew(folder, ["new.example"])

    assert certificates.hosts(folder / "tls/gateway.crt") == ["new.example", "longxi.example", "10.1.2.3"]
    assert set(certificates.hosts(folder / "tls/kafka.pem")) >= {"new.example", "longxi.example", "kafka-3"}
    assert (folder / "tls/kafka.pem").read_bytes() != before


def test_certificates_name_the_hosts_and_descend_from_the_authority(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    init(folder, replace(Hosts(), public=("longxi.example", "10.1.2.3")), trial=False)

    found = x509.load_pem_x509_certificate((folder / "tls/gateway.crt").read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["longxi.example"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["10.1.2.3"]
    found.verify_directly_issued_by(x509.load_pem_x509_certificate((folder / "tls/ca.crt").read_bytes()))
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
        folder / "tls/gateway.crt", folder / "tls/gateway.key"
    )
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(folder / "tls/kafka.pem")


def test_a_certificate_outlives_no_authority(tmp_path: Path) -> None:
    clock = FrozenClock(NOW)
    certificates.make_authority(tmp_path, clock=clock)
    clock.advance(certificates.CA_LIFETIME - timedelta(days=10))
    certificates.issue(tmp_path, "gateway", ["localhost"], clock=clock)

    assert certificates.ends(tmp_path / "gateway.crt") == certificates.ends(tmp_path / "ca.crt")


def test_what_we_make_is_not_weak() -> None:
    assert all(weakness(new_secret()) is None for _ in range(200))


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("", "is empty"),
        ("fifteen-letters", "has fewer than 16 characters"),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", "has fewer than 8 different characters"),
        ("longxi-password-2026", "contains a word that is tried first"),
    ],
)
def test_what_somebody_would_guess_is_weak(secret: str, reason: str) -> None:
    assert weakness(secret) == reason


def test_a_file_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret"

    assert write_new(path, "first")
    assert not write_new(path, "second")
    assert path.read_text() == "first"
    assert [entry.name for entry in path.parent.iterdir()] == ["secret"]


def issuers_of(folder: Path, *entries: dict[str, str]) -> None:
    init(folder, Hosts(), trial=False)
    (folder / "keys" / "issuers.json").write_text(json.dumps(entries))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[{"issuer": "a" "jwks_url": "b"}]', "is no JSON: line 1 column 17: Expecting ',' delimiter"),
        ('{"issuer": "a"}', "the list: Input should be a valid array"),
        ('[{"jwks_url": "https://b"}]', "0.issuer: Field required"),
        ('[{"issuer": "a"}]', "0: Value error, give either jwks_url or jwks_file"),
    ],
)
def test_issuers_that_the_services_could_not_read_are_named(tmp_path: Path, content: str, said: str) -> None:
    folder = tmp_path / "secrets"
    init(folder, Hosts(), trial=False)
    (folder / "keys" / "issuers.json").write_text(content)
    assert check(folder).wrong == [f"keys/issuers.json {said}"]


def test_keys_of_an_issuer_that_the_services_would_not_find_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    issuers_of(folder, {"issuer": "https://id.example", "jwks_file": "/etc/longxi/jwks/id.json"})
    file = folder / "keys" / "jwks" / "id.json"
    assert check(folder).wrong == ["keys/issuers.json 0.jwks_file keys/jwks/id.json is missing"]
    file.write_text('{"keys": []}')
    assert check(folder).wrong == ["keys/issuers.json 0.jwks_file keys/jwks/id.json holds no public key"]
    file.write_bytes((folder / "keys" / "jwks" / "services.json").read_bytes())
    file.chmod(0o600)
    (wrong,) = check(folder).wrong
    assert "readable by its owner alone" in wrong
    file.chmod(0o640)
    assert check(folder).wrong == []
    issuers_of(folder, {"issuer": "https://id.example", "jwks_file": "/root/id.json"})
    (wrong,) = check(folder).wrong
    assert "is not seen by the services: put it into keys/jwks/ and write /etc/longxi/jwks/id.json" in wrong


def test_who_can_call_is_said_where_it_is_nobody_or_the_trial(tmp_path: Path) -> None:
    init(tmp_path / "real", Hosts(), trial=False)
    assert check(tmp_path / "real").known == ["keys/issuers.json names no issuer: nobody can call"]
    init(tmp_path / "trial", Hosts(), trial=True)
    (known,) = check(tmp_path / "trial").known
    assert "trusts the trial's issuer" in known


def test_certificates_have_to_be_for_the_platforms_name(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    init(folder, Hosts(public=("longxi.example", "localhost")), trial=False)
    assert check(folder, public=["longxi.example"]).wrong == []
    names = [line.split()[0] for line in check(folder, public=["other.example"]).wrong]
    assert names == ["tls/gateway.crt", "tls/kafka.pem"]
    renew(folder, ["*.example"])
    assert check(folder, public=["other.example"]).wrong == []
