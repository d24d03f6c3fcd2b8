import pytest
from project import Project

SMOKE = ("--configfile", "workflow/configs/smoke.yaml")


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path / "project")


@pytest.fixture(scope="session")
def smoke_run(tmp_path_factory) -> Project:
    """The smoke config, run once for all tests. What a test changes there, it puts back."""
    project = Project(tmp_path_factory.mktemp("smoke run") / "project")
    result = project.run(*SMOKE)
    assert result.returncode == 0, result.stdout[-5000:]
    return project


@pytest.fixture(scope="module")
def smoke_project(tmp_path_factory) -> Project:
    return Project(tmp_path_factory.mktemp("smoke") / "project")
