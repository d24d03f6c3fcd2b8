import pytest
from asking import small_config
from project import Project


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path / "project")


@pytest.fixture(scope="module")
def smoke_project(tmp_path_factory) -> Project:
    return Project(tmp_path_factory.mktemp("smoke") / "project")


@pytest.fixture
def config() -> dict:
    """See :func:`asking.small_config`."""
    return small_config()
