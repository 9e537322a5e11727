"""Which partition a key belongs to: as Apache Kafka's own default partitioner decides it.

Both logs use it, so moving from one to the other moves no aggregate, and a Java producer of the district agrees.
Source: org.apache.kafka.common.utils.Utils.murmur2 (32 bits, seed 0x9747b28c) and
org.apache.kafka.clients.producer.internals.BuiltInPartitioner.partitionForKey.
"""

import random
import struct
from functools import lru_cache

_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """The hash as an unsigned 32-bit number; Java shows the same bits signed."""
    length = len(data)
    value = _SEED ^ length
    whole = length & ~3
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        mixed = (word * _MULTIPLIER) & _MASK
        mixed = ((mixed ^ (mixed >> 24)) * _MULTIPLIER) & _MASK
        value = ((value * _MULTIPLIER) & _MASK) ^ mixed
    if whole < length:
        value = ((value ^ int.from_bytes(data[whole:], "little")) * _MULTIPLIER) & _MASK
    value = ((value ^ (value >> 13)) * _MULTIPLIER) & _MASK
    return value ^ (value >> 15)


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key in a topic of that many partitions (one or more)."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def choose_partition(key: bytes | None, partitions: int) -> int:
    """As `partition_of`; any partition for a record without a key."""
    if key is None:
        return random.randrange(partitions)  # noqa: S311  spreads load, keeps no secret
    return partition_of(key, partitions)
