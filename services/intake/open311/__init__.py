"""Open311 GeoReport v2 (http://wiki.open311.org/GeoReport_v2): apps and portals written for other cities work here.

A service of the standard is a category of the official taxonomy at its second level, a group one at its first. What
everybody may read has no words, no address and no person in it; what is filed needs a portal's key.
"""
