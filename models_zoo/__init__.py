"""The zoo: names(), card(), load(), verify()."""
