"""How many people one account's default quotas carry, by a simulation on a clock of its own."""
