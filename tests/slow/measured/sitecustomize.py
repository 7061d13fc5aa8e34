"""Found on PYTHONPATH by every Python that a measured run starts: count lines there as well."""

import coverage

coverage.process_startup()
