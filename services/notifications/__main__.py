"""`python -m services.notifications api | worker | migrate | openapi`."""

from services.notifications.main import SERVICE
from shared.runtime.main import main

main(SERVICE)
