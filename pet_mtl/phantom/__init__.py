"""A PET cohort with a known law: what a model can learn, and what nobody can.

law.py           factors, hazard, logit, outcomes
anatomy.py       the body and its organs
lesion.py        shape, texture, necrosis
surroundings.py  rim, satellites, distant nodes
scanner.py       voxel size, point spread, noise
patient.py       one patient, a pure function of (seed, index)
cohort.py        all of them on disk
"""

from pet_mtl.phantom.cohort import PhantomConfig, write_cohort
from pet_mtl.phantom.patient import PhantomPatient, make_patient

__all__ = ["PhantomConfig", "PhantomPatient", "make_patient", "write_cohort"]
