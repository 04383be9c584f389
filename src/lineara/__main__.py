"""`python -m lineara`: the command line."""

from lineara.cli import main

if __name__ == "__main__":
    main()
