"""The resources of the emulated API, one module each."""

from __future__ import annotations

from root.emulator.generations import Generation, restrict
from root.emulator.resource import AnyResource
from root.emulator.resources.catalogue import Catalogue
from root.emulator.resources.datasets import DataSets
from root.emulator.resources.evaluators import Evaluators
from root.emulator.resources.execution_logs import ExecutionLogs
from root.emulator.resources.judges import BatchExecutions, Judges
from root.emulator.resources.models import Models
from root.emulator.resources.objectives import Objectives
from root.emulator.resources.projects import Projects
from root.emulator.scoring import FixedScores

__all__ = ["declared"]


def declared(
    catalogue: Catalogue,
    fixed_scores: FixedScores | None = None,
    generation: Generation = "B",
) -> tuple[AnyResource, ...]:
    """Return all resources, in the order in which they are described.

    Args:
        catalogue: The public models.
        fixed_scores: The scores that the user of the emulator has set.
        generation: The generation of the service, which may lack some endpoints.
    """
    models, projects, logs = Models(catalogue), Projects(), ExecutionLogs()
    datasets = DataSets(projects)
    objectives = Objectives(projects, datasets)
    evaluators = Evaluators(
        models, projects, objectives, logs, datasets, fixed_scores or FixedScores()
    )
    judges = Judges(projects, objectives, evaluators, logs)
    # Before judges, whose pattern of IDs matches the path of batches too.
    batches = BatchExecutions(judges, evaluators, logs, datasets, projects)
    every = (models, projects, objectives, evaluators, batches, judges, logs, datasets)
    for resource in every:
        restrict(resource, generation)
    return every
