"""An example of a right consumer and a right producer, to be run as it is and copied from."""
