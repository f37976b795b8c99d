"""The processes in which trials run and are timed, and the files that only they write."""
