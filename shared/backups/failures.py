"""What ends a backup or a restore. Each message says what to do; none quotes a row."""


class BackupFailed(Exception):
    """A backup could not be made, checked or restored."""


class NoSuchDatabase(BackupFailed):
    """The server answers, and has no database of this name."""


class NotAllRows(BackupFailed):
    """The account is bound by row-level security: what it dumps would be a part, so it dumps nothing."""


class WrongVersion(BackupFailed):
    """PostgreSQL's programs are older than the server, or the server is older than the backup."""


class Unfinished(BackupFailed):
    """There is no manifest, which is written last."""


class Damaged(BackupFailed):
    """A file is missing, or is not the one that was written."""


class WrongIdentity(BackupFailed):
    """None of the identities opens the backup."""


class NotEmpty(BackupFailed):
    """What would be written over holds something."""


class InUse(BackupFailed):
    """Services are still connected."""


__all__ = [
    "BackupFailed",
    "Damaged",
    "InUse",
    "NoSuchDatabase",
    "NotAllRows",
    "NotEmpty",
    "Unfinished",
    "WrongIdentity",
    "WrongVersion",
]
