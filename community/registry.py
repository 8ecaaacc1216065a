"""Where apps above this one put what the community needs of them."""

from collections.abc import Callable

from community.access import Actor

DemoSeeder = Callable[[Actor], None]

# Called by ``manage.py seed_demo`` with the demo person, in order; each makes its sample content once and is cheap when it is there.
demo_seeders: list[DemoSeeder] = []
