"""The person everybody meets after ``make run``."""

from allauth.account.models import EmailAddress

from community.access import Actor, get_actor
from community.models import User
from community.registry import demo_seeders
from community.services.people import person_register

DEMO_EMAIL = "demo@troupe.local"
DEMO_NAME = "Demo"


def demo_seed(*, password: str) -> Actor:
    """Make the demo person and what the apps want them to find, unless it is there; answers who they are.

    An existing person keeps the password they have.
    """
    user = User.objects.filter(email=DEMO_EMAIL).first()
    if user is None:
        user = person_register(email=DEMO_EMAIL, password=password, name=DEMO_NAME)
        EmailAddress.objects.filter(user=user).update(verified=True)
    actor = get_actor(user, user.personal_workspace.id)
    for seed in demo_seeders:
        seed(actor)
    return actor
