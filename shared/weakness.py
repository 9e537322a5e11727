"""Secrets that production mode refuses: those that are missing, short, or that somebody would guess."""

from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

MIN_LENGTH = 16
"""Characters. NIST SP 800-63B-4 asks for 15 of a password that stands alone; what `longxi secrets init` makes has 43."""
MIN_DIFFERENT = 8
"""Different characters: `aaaaaaaaaaaaaaaa` is long, too. Our own estimate."""
_GUESSED = ("password", "changeme", "change-me", "secret", "123456", "qwerty", "longxi", "postgres", "admin")


def weakness(secret: str) -> str | None:
    """What is wrong with a secret, without quoting it; None if nothing is."""
    if not secret:
        return "is empty"
    if len(secret) < MIN_LENGTH:
        return f"has fewer than {MIN_LENGTH} characters"
    if len(set(secret)) < MIN_DIFFERENT:
        return f"has fewer than {MIN_DIFFERENT} different characters"
    if any(word in secret.lower() for word in _GUESSED) and len(secret) < 2 * MIN_LENGTH:
        return "contains a word that is tried first"
    return None


def refuse_weak(variable: str, secret: SecretStr | str | None) -> None:
    """Raises ValueError that names the variable and says what to do."""
    value = secret.get_secret_value() if isinstance(secret, SecretStr) else secret
    reason = "is missing" if value is None else weakness(value)
    if reason is not None:
        raise ValueError(
            f"{variable}: the secret {reason}; production mode refuses it (`longxi secrets init` makes strong ones)"
        )


def refuse_weak_url(variable: str, url: str) -> None:
    """The same for the password within a URL. Raises ValueError."""
    try:
        password = urlsplit(url).password
    except ValueError:
        raise ValueError(f"{variable}: is not a URL") from None
    refuse_weak(variable, None if password is None else unquote(password))


__all__ = ["MIN_DIFFERENT", "MIN_LENGTH", "refuse_weak", "refuse_weak_url", "weakness"]
