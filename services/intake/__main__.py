"""`python -m services.intake api | worker | migrate | openapi`."""

from services.intake.main import SERVICE
from shared.runtime.main import main

main(SERVICE)
