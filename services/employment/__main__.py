"""`python -m services.employment api | worker | migrate | openapi`."""

from services.employment.main import SERVICE
from shared.runtime.main import main

main(SERVICE)
