"""`python -m services.casework api | worker | migrate | openapi`."""

from services.casework.main import SERVICE
from shared.runtime.main import main

main(SERVICE)
