"""What every feature needs: refusals, rights, rows, journal, work, lifecycles and declared reads."""
