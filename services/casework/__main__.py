"""`python -m services.casework api | worker | migrate | openapi`."""

import shared.lean  # noqa: F401  before whatever would load more
from services.casework.main import SERVICE
from shared.runtime.main import main

main(SERVICE)
