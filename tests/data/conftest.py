import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real data sets, in torchvision's layout."""
    if "DLBENCH_TEST_DATA" not in os.environ:
        pytest.skip("DLBENCH_TEST_DATA names no folder with the real data")
    return Path(os.environ["DLBENCH_TEST_DATA"])
