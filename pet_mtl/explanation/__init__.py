"""Attribution: which uptake of a study raises, and which lowers, what a run says of it."""
