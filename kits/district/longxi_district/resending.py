"""Asking Longxi to send a range of events again: `POST /<service>/v1/operations/replay`, with a token of role district."""

import ssl
from pathlib import Path

import httpx

_ANSWER_SECONDS = 20.0


class NotAnswered(Exception):
    """The question did not get through, or was refused. The text says why."""


class Resending:
    """`api` is the platform's address (`https://longxi.example:8443`). The token is read anew each time it is used."""

    def __init__(self, api: str, token_file: Path, ca: Path | None = None) -> None:
        self._api = api.rstrip("/")
        self._token_file = token_file
        verify = True if ca is None else ssl.create_default_context(cafile=ca)
        self._http = httpx.AsyncClient(timeout=_ANSWER_SECONDS, verify=verify)

    async def ask(self, topic: str, subject: str, first: int, last: int) -> int:
        """How many events the owner of the topic still has and will send. Raises NotAnswered."""
        service = topic.partition(".")[0]
        selection = {"topic": topic, "aggregate": subject, "from_sequence": first, "to_sequence": last}
        try:
            token = self._token_file.read_text(encoding="utf-8").strip()
            answer = await self._http.post(
                f"{self._api}/{service}/v1/operations/replay",
                json=selection,
                headers={"Authorization": f"Bearer {token}"},
            )
        except (OSError, httpx.HTTPError) as error:
            raise NotAnswered(f"{type(error).__name__}: {error}") from error
        if answer.status_code != httpx.codes.ACCEPTED:
            raise NotAnswered(f"{answer.status_code} {_problem(answer)}")
        return int(answer.json()["events"])

    async def close(self) -> None:
        await self._http.aclose()


def _problem(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["type"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]
