"""While Redis is away nobody waits for it, and it is noticed when it is back."""

from datetime import timedelta

from structlog.testing import capture_logs

from shared.caching.circuit import Circuit
from shared.retrying import Backoff


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_one_looks_from_time_to_time_and_the_log_is_quiet() -> None:
    seconds = Seconds()
    circuit = Circuit(schedule=Backoff(timedelta(seconds=1), cap=timedelta(seconds=4), jitter=0), now=seconds)
    with capture_logs() as lines:
        assert circuit.admits()
        circuit.failed(ConnectionError())
        assert not circuit.admits()
        seconds.now = 1.0
        assert circuit.admits(), "the wait is over"
        assert not circuit.admits(), "one is enough"
        circuit.failed(ConnectionError())
        seconds.now = 2.9
        assert not circuit.admits(), "now it waits twice as long"
        seconds.now = 3.0
        assert circuit.admits()
        circuit.worked()
        assert circuit.admits()
        assert circuit.admits()
    assert [line["event"] for line in lines] == [
        "the cache is away, going on without it",
        "the cache is back",
    ]
