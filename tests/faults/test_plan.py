"""A seed makes a run repeatable, and nothing is left out of one that is long enough."""

from tests.faults.plan import PROCESSES, Kind, plan, strikes

_PARTS = ("postgres", "kafka", "redis", "mail")
_DECK = strikes(_PARTS, ["intake-postgres", "notifications-mail"], disk=True)


def test_the_same_seed_makes_the_same_plan() -> None:
    assert list(plan(7, 200, _DECK)) == list(plan(7, 200, list(reversed(_DECK))))
    assert list(plan(7, 200, _DECK)) != list(plan(8, 200, _DECK))


def test_every_fault_comes_before_any_comes_again() -> None:
    rounds = list(plan(7, len(_DECK), _DECK))
    assert sorted((one.kind, one.victim) for one in rounds) == sorted(_DECK)


def test_everything_is_struck_in_every_way_that_fits_it() -> None:
    deck = set(_DECK)
    for victim in (*PROCESSES, *_PARTS):
        assert {(Kind.KILL, victim), (Kind.FREEZE, victim), (Kind.RESTART, victim)} <= deck
    for link in ("intake-postgres", "notifications-mail"):
        assert {kind for kind, victim in deck if victim == link} == {
            Kind.CUT,
            Kind.HOLE,
            Kind.FORGET,
            Kind.SLOW,
        }
    assert strikes([], ["intake-employment"], disk=False, kinds=[Kind.CUT, Kind.SLOW])[-1:] == [
        (Kind.CUT, "intake-employment")
    ]
    assert {victim for kind, victim in deck if kind in {Kind.FULL, Kind.FULL_LOG}} == {"postgres"}
    assert not {kind for kind, _ in strikes(_PARTS, [], disk=False)} & {Kind.FULL, Kind.FULL_LOG}
