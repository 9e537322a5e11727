"""`python -m services.intake api | worker | migrate | openapi`."""

import shared.lean  # noqa: F401  before whatever would load more
from services.intake.main import SERVICE
from shared.runtime.main import main

main(SERVICE)
