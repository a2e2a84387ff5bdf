"""What a gate and a comparison say, for a terminal, a pull request, a job's summary, a program."""
