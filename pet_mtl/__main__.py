"""`python -m pet_mtl`."""

from pet_mtl.cli import main

if __name__ == "__main__":
    main()
