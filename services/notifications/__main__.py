"""`python -m services.notifications api | worker | migrate | openapi`."""

import shared.lean  # noqa: F401  before whatever would load more
from services.notifications.main import SERVICE
from shared.runtime.main import main

main(SERVICE)
