"""Parts that this package adds to the SERAC reproduction."""
