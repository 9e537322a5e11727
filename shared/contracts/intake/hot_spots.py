"""Hot spots (热点): the same concern at the same place, again and again."""

from shared.contracts.base import Code, Count, Event, Moment, Owner, PlaceName, ThingId


class _HotSpotEvent(Event):
    owner = Owner.INTAKE
    aggregate = "hot_spot"

    hot_spot: ThingId
    category: Code | None = None
    """The commonest category among its requests; none where they are not classified."""
    grid: ThingId | None = None
    place: PlaceName | None = None
    heat: Count
    """The heat index: how many residents' concern it is as of now (docs/figures/hot_spots.md has the formula)."""
    requests: Count
    residents: Count
    votes: Count
    """Residents who said "me too" and filed nothing."""
    first: Moment
    last: Moment


class HotSpotAnnounced(_HotSpotEvent):
    """A concern at a place has become a hot spot: its heat reached the community's threshold."""

    type = "hot_spot.announced"
    consumers = ("notifications",)


class HotSpotCooled(_HotSpotEvent):
    """A hot spot that was announced is none any more."""

    type = "hot_spot.cooled"
    consumers = ("notifications",)
