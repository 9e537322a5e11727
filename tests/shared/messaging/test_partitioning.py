"""Keys go where Apache Kafka's own clients send them."""

from uuid import UUID

import pytest

from shared.messaging.partitioning import (
    choose_partition,
    choose_partitions,
    murmur2,
    murmur2_of,
    partition_of,
)

# Of Kafka's UtilsTest.testMurmur2 and, for the empty key, from Utils.murmur2 of kafka-clients 4.3.1; signed as in Java.
VECTORS = [
    (b"21", -973932308),
    (b"foobar", -790332482),
    (b"a-little-bit-long-string", -985981536),
    (b"a-little-bit-longer-string", -1486304829),
    (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
    (b"abc", 479470107),
    (b"", 275646681),
]


@pytest.mark.parametrize(("key", "signed"), VECTORS)
def test_the_hash_is_that_of_kafkas_java_client(key: bytes, signed: int) -> None:
    assert murmur2(key) == signed & 0xFFFFFFFF


@pytest.mark.parametrize(("key", "signed"), VECTORS)
def test_the_sign_is_dropped_before_the_remainder_is_taken(key: bytes, signed: int) -> None:
    assert partition_of(key, 6) == (signed & 0x7FFFFFFF) % 6


def test_records_without_a_key_go_everywhere() -> None:
    assert {choose_partition(None, 4) for _ in range(200)} == {0, 1, 2, 3}


@pytest.mark.parametrize("count", [1, 2, 19, 20, 500])
def test_many_keys_at_once_go_where_each_goes_alone(count: int) -> None:
    # Far apart, so that the upper bits of each lane are used.
    keys = [
        str(UUID(int=(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)).encode()
        for number in range(count)
    ]
    assert list(murmur2_of(keys)) == [murmur2(key) for key in keys]
    assert list(choose_partitions(keys, 6)) == [partition_of(key, 6) for key in keys]


def test_keys_of_any_length_may_be_mixed() -> None:
    keys = [key for key, _ in VECTORS] * 10
    assert list(choose_partitions(keys, 6)) == [partition_of(key, 6) for key in keys]
    assert set(choose_partitions([None] * 200, 4)) == {0, 1, 2, 3}
