"""pytest reads hooks from here; they stand in lib/, where the counter tests find them too."""

from lib.coroutines import pytest_pyfunc_call  # noqa: F401
from lib.soak import pytest_collection_modifyitems  # noqa: F401
