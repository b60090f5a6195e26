"""What every test has in common."""

from hypothesis import settings

# A loaded machine is slow, and no test is about time.
settings.register_profile("switchboard", deadline=None)
settings.load_profile("switchboard")
