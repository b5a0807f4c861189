"""What is done behind the requests, again and again: each job by one process at a time, however many there are."""
