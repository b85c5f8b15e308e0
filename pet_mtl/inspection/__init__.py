"""Looking without changing anything: will these studies do, what is this, is this machine fit."""
