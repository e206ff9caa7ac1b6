"""Django's settings come before any import of its models, views and clients."""

from tests.support.adapters import set_up_django

set_up_django()
