"""Study to Sample: straightening, resampling, planning, finding the lesion, cutting."""
