"""A run is flat or it is not: a slope that wild samples do not bend, over the lives of a process."""

from tests.bench.running.flat import rise_of_lives, slope


def test_a_leak_is_seen_through_noise_and_wild_samples() -> None:
    leaking = [(second, 100 + 0.02 * second + (second * 7919 % 13) / 10) for second in range(0, 1800, 3)]
    leaking[10] = (30, 900.0)
    leaking[500] = (1500, 5.0)
    assert 65 < slope(leaking) * 3600 < 79


def test_what_stays_is_flat_however_it_shakes() -> None:
    shaking = [(second, 100 + (second * 7919 % 101) / 10) for second in range(0, 1800, 3)]
    assert abs(slope(shaking)) * 3600 < 2


def test_a_restart_is_no_fall_and_its_beginning_no_rise() -> None:
    lives = [
        [(begin + second, 100.0 + 0.01 * second) for second in range(0, 300, 3)] for begin in (0, 400, 800)
    ]
    assert abs(rise_of_lives(lives) - 0.01) < 1e-9


def test_too_little_to_say_is_no_rise() -> None:
    assert slope([(0, 1.0)]) == 0
    assert rise_of_lives([[], [(0, 1.0), (3, 2.0)]]) == 0
