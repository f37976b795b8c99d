"""What is measured of a trial, and of many: clock, operations, machine, statistics."""
